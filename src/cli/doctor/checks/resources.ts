import { formatSize } from '../../../api/quantity.ts';
import { diskFile } from '../../../api/storage.ts';
import { fail, isUnknown, ok, unknown, warn, type Check } from '../check.ts';
import { CATALOGUE, isV3 } from '../../init/catalogue.ts';
import type { NodeDemand } from '../demand.ts';
import type { Facts } from '../facts.ts';

type Seen = Pick<Facts, 'demand' | 'machine' | 'libvirt' | 'storage'>;

const GIB = 1024 ** 3;
/** What a guest writes at its first boot and with its packages, about. */
const WRITTEN = 2 * GIB;

/** Memory, CPUs and disk space against what the manifests ask. */
export function checkResources(facts: Seen): Check[] {
  return [memory(facts), cpus(facts), ...levels(facts), disks(facts)];
}

/** Of guests that do not run yet: those that do have taken theirs. */
function memory({ demand, machine, libvirt }: Seen): Check {
  if (isUnknown(machine)) return unknown('memory', machine.unknown);
  const { memoryTotal: total, memoryAvailable: available } = machine;
  const running = new Set('version' in libvirt ? libvirt.runningDomains : []);
  const wanted = demand.nodes.filter(({ runs }) => runs);
  const all = sum(wanted, ({ memory: bytes }) => bytes);
  const missing = sum(
    wanted.filter(({ name }) => !running.has(name)),
    ({ memory: bytes }) => bytes,
  );
  const has = `${formatSize(available)} of ${formatSize(total)} are free`;
  if (wanted.length === 0) return ok('memory', has);
  const hint = 'make spec.memory of the Nodes smaller, or have fewer of them';
  if (all > total)
    return fail(
      'memory',
      `the Nodes want ${formatSize(all)}, and the machine has ${formatSize(total)}`,
      hint,
    );
  if (missing > available)
    return warn('memory', `${formatSize(missing)} are wanted yet, and ${has}: it may swap`, hint);
  return ok('memory', `${formatSize(missing)} are wanted yet, and ${has}`);
}

function cpus({ demand, machine }: Seen): Check {
  if (isUnknown(machine)) return unknown('cpus', machine.unknown);
  const big = demand.nodes.filter(({ cpus: wanted }) => wanted > machine.cpus).map(({ name }) => name);
  const has = `${machine.cpus} CPUs`;
  if (big.length > 0)
    return warn('cpus', `${big.join(', ')}: more than the ${has} that there are`, 'make spec.cpus smaller');
  const all = sum(demand.nodes, ({ cpus: wanted }) => wanted);
  return ok('cpus', demand.nodes.length === 0 ? has : `${has} for ${all} virtual ones`);
}

/** Guests see the CPU of the vmhost: what it cannot do, their programs cannot. */
function levels({ demand, machine }: Seen): Check[] {
  const needy = demand.images.filter(({ source }) =>
    CATALOGUE.some((each) => each.v3 && each.source === source),
  );
  if (needy.length === 0 || isUnknown(machine)) return [];
  const names = needy.map(({ name }) => name).join(', ');
  if (isV3(machine)) return [ok('cpu level', `x86-64-v3, which ${names} needs`)];
  const message = `${names} needs x86-64-v3, which the CPU is not: guests with KVM will not boot`;
  return [warn('cpu level', message, 'choose an image of release 9, or another distribution')];
}

/** Disks grow with what guests write, so that less than their size may do. */
function disks({ demand, storage }: Seen): Check {
  const { path, free, disks: made } = storage;
  if (isUnknown(free)) return unknown('disk', `${path}: ${free.unknown}`);
  const there = new Set(isUnknown(made) ? [] : made);
  const missing = demand.nodes.filter(({ name, disks: bytes }) => bytes > 0 && !there.has(diskFile(name)));
  const size = sum(missing, ({ disks: bytes }) => bytes);
  const has = `${formatSize(free)} are free below ${path}`;
  const hint = 'make room, or set storage in /etc/k8slab/k8slabd.yaml';
  if (free < Math.max(GIB, missing.length * WRITTEN))
    return fail('disk', `${has}, too little for ${count(missing)}`, hint);
  if (size > free)
    return warn('disk', `disks yet to be made may grow to ${formatSize(size)}, and ${has}`, hint);
  return ok(
    'disk',
    missing.length === 0 ? has : `disks yet to be made may grow to ${formatSize(size)}, and ${has}`,
  );
}

function count(nodes: readonly NodeDemand[]): string {
  return nodes.length === 1 ? '1 guest' : `${nodes.length} guests`;
}

function sum(nodes: readonly NodeDemand[], of: (node: NodeDemand) => number): number {
  return nodes.reduce((total, node) => total + of(node), 0);
}
