import { emptySnapshot, nextSnapshot, type Snapshot } from '../../src/api/manifest/snapshot.ts';
import { refName } from '../../src/api/meta.ts';
import { createBed, type Bed } from '../controllers/bed.ts';
import type { World } from '../controllers/fakes.ts';
import { createGuests, type Guests } from './guests.ts';
import { NETWORK } from './outsider.ts';
import { ORDER, passWhileTimeGoes, untilQuiet } from './passes.ts';
import { addressOf, macOf, nameOf, NODES, type Step } from './steps.ts';

const STEP_MS = 60_000;
/** Longer than any back-off of a guest that does not start. */
const ROUNDS = 150;
const TICKS = { tickMs: 200, count: 50 };

type Manifest = Record<string, unknown>;

/** The daemon over a world, with its directory of manifests. */
export interface Daemon {
  readonly bed: Bed;
  readonly snapshot: () => Snapshot;
  /** Nodes whose manifest ever said that their disk goes with it. */
  readonly deletable: ReadonlySet<string>;
  /** False: the step is not about manifests. */
  does(step: Step): boolean;
  /** The daemon starts anew and remembers nothing. */
  restart(): Promise<void>;
  /** One pass over each object, and what the guests do meanwhile. */
  round(): Promise<void>;
  /** Rounds until nothing changes any more. @returns whether that came */
  settle(): Promise<boolean>;
}

export function createDaemon(world: World, onRound: () => void): Daemon {
  const files = new Map<string, Manifest>([
    ['network', networkManifest(0)],
    ['image', manifest('Image', 'debian', { source: '/srv/images/debian.qcow2' })],
  ]);
  const guests: Guests = createGuests(world);
  const deletable = new Set<string>();
  let snapshot = emptySnapshot;
  let bed = createBed({ world });
  load();

  function load(): void {
    const listing = [...files].map(([name, content]) => ({
      path: `${name}.yaml`,
      text: JSON.stringify(content),
    }));
    snapshot = nextSnapshot(snapshot, { files: listing });
    bed.condemned.clear();
    for (const ref of snapshot.condemned.keys()) bed.condemned.add(ref);
    for (const { kind, name, labels, annotations, spec, hash } of snapshot.objects)
      bed.store.apply(kind, { name, labels, annotations, spec, hash });
    const named = new Set(snapshot.objects.map(refName));
    for (const { kind, metadata } of bed.store.all())
      if (kind !== 'Host' && !named.has(refName({ kind, name: metadata.name })))
        bed.store.terminate(kind, metadata.name);
  }
  async function round(): Promise<void> {
    for (const kind of ORDER)
      for (const { metadata } of bed.store.list(kind))
        await passWhileTimeGoes(bed, [kind, metadata.name], TICKS);
    onRound();
    guests.act();
    await bed.clock.advance(STEP_MS);
  }
  return {
    get bed() {
      return bed;
    },
    snapshot: () => snapshot,
    deletable,
    does(step) {
      if (step.does === 'put') {
        files.set(`node-${step.node}`, nodeManifest(step));
        if (step.reclaim === 'Delete') deletable.add(NODES[step.node] ?? '');
      } else if (step.does === 'drop') files.delete(`node-${step.node}`);
      else if (step.does === 'network') files.set('network', networkManifest(step.variant));
      else if (step.does === 'swap') swap(files, step.node, step.other);
      else return false;
      load();
      return true;
    },
    async restart() {
      const removed = bed.store.all().filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
      const before = bed;
      bed = createBed({ world });
      await bed.clock.advance(before.clock.monotonic());
      for (const { kind, metadata, spec } of removed)
        if (kind !== 'Host') bed.store.apply(kind, { name: metadata.name, spec, hash: 'orphan' });
      load();
    },
    round,
    settle: () => untilQuiet(world, round, ROUNDS),
  };
}

function manifest(kind: string, name: string, spec: Manifest): Manifest {
  return { apiVersion: 'k8slab.io/v1alpha1', kind, metadata: { name }, spec };
}

const VARIANTS: readonly Manifest[] = [
  {},
  { dns: { records: [{ address: addressOf(1), hostnames: ['printer.lab.example'] }] } },
  { dhcp: { start: addressOf(0), end: addressOf(6) } },
  { mtu: 1400 },
  { podCIDR: { cidr: '10.200.0.0/22', nodeMaskSize: 24 } },
];

function networkManifest(variant: number): Manifest {
  const range = { start: addressOf(0), end: addressOf(7) };
  const base = { domain: 'lab.example', cidr: '192.168.111.0/24', bridge: { name: 'virbr1' }, dhcp: range };
  const podCIDR = { cidr: '10.200.0.0/21', nodeMaskSize: 24 };
  return manifest('Network', NETWORK, { ...base, podCIDR, ...VARIANTS[variant] });
}

function nodeManifest(step: Extract<Step, { does: 'put' }>): Manifest {
  const { node, address, mac, alias, role, reclaim, power } = step;
  const nic = {
    network: NETWORK,
    ...(address === undefined ? {} : { address: addressOf(address) }),
    ...(mac === undefined ? {} : { mac: macOf(mac) }),
  };
  return manifest('Node', NODES[node] ?? '', {
    disk: { image: 'debian' },
    networks: [nic],
    ...(role === undefined ? {} : { role }),
    ...(alias === undefined ? {} : { dnsAliases: [nameOf(alias)] }),
    ...(reclaim === undefined ? {} : { policy: { reclaim } }),
    ...(power === undefined ? {} : { power }),
  });
}

/** The NICs of two Nodes change places. */
function swap(files: Map<string, Manifest>, one: number, other: number): void {
  const [a, b] = [files.get(`node-${one}`), files.get(`node-${other}`)];
  if (a === undefined || b === undefined || a === b) return;
  const networks = (node: Manifest): unknown => (node['spec'] as Manifest)['networks'];
  const moved = (node: Manifest, from: Manifest): Manifest => ({
    ...node,
    spec: { ...(node['spec'] as Manifest), networks: networks(from) },
  });
  files.set(`node-${one}`, moved(a, b));
  files.set(`node-${other}`, moved(b, a));
}
