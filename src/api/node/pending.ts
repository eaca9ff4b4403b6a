import type { DomainModel } from '../libvirt/domain.ts';
import type { Pending, Plan, Waiting } from '../disruption/action.ts';
import { formatBytes } from '../quantity.ts';
import type { DesiredNode, ObservedNode } from './observed.ts';
import type { DesiredDefinition } from './render-domain-over.ts';

/** What the plan found on its way, so that nothing is worked out twice. */
export interface Findings {
  /** Fields that the running guest has only after a restart. */
  readonly restart: readonly string[];
  /** Changed behind the manifest, and not repaired. */
  readonly drifted: readonly string[];
}

/** What the manifest asks for and the existing guest does not have, each with what brings it about. */
export function pendingOf(
  desired: DesiredNode,
  observed: ObservedNode,
  { restart, drifted }: Findings,
  waiting: Plan['waiting'],
): Pending[] {
  const found: Pending[] = [];
  if (restart.length > 0) {
    const waits = waiting?.reason === 'RestartRequired' || waiting?.reason === 'RolloutWaiting';
    const why = waits ? waiting : { reason: 'DefinitionDiffers', message: restart.join(', ') };
    found.push({ type: 'RestartRequired', ...why });
  }
  const missing = missingDisk(desired, observed);
  if (missing !== undefined && waiting?.reason !== missing.reason)
    found.push({ type: 'DiskMissing', reason: missing.reason, message: missing.message });
  const off = waiting?.reason === 'Drifted' ? [waiting.message] : [];
  const message = [...new Set([...off, ...drifted])].join('; ');
  if (message !== '') found.push({ type: 'Drifted', reason: 'ChangedByOthers', message });
  const refusal = shrinkRefusal(desired, observed);
  if (refusal !== undefined)
    found.push({ type: 'DiskShrinkRefused', reason: 'WouldLoseData', message: refusal });
  return [...found, ...cloudInitDrift(desired, observed)];
}

/** Fields that the running guest has only after a restart. */
export function restartFields({ definition }: DesiredNode, { domain }: ObservedNode): string[] {
  const live = domain?.live;
  if (definition === undefined || live === undefined) return [];
  const { cpus, memory, type, interfaces } = definition;
  const adopted = domain?.config.model.mark?.adopted === true;
  const nics = new Set(live.interfaces.map(({ network, mac }) => `${network ?? ''} ${mac}`));
  const plugged = interfaces.every(({ network, mac }) => nics.has(`${network} ${mac}`));
  const differs: Readonly<Record<string, boolean>> = {
    cpus: live.cpus.count !== cpus || (!adopted && live.cpus.plugged !== cpus),
    memory: live.memory !== Math.ceil(memory / 1024 ** 2),
    domainType: type !== undefined && !adopted && live.type !== type,
    networks: !plugged || unplugged(live, definition, domain?.config.model),
  };
  return Object.keys(differs).filter((field) => differs[field] === true);
}

/** A NIC that the manifest no longer has is out of the definition, and still in the guest. */
function unplugged(live: DomainModel, wanted: DesiredDefinition, config: DomainModel | undefined): boolean {
  const defined = config?.interfaces.map(({ mac }) => mac) ?? [];
  const ours = config?.mark?.macs ?? [];
  return live.interfaces.some(
    ({ mac }) =>
      ours.includes(mac) && !defined.includes(mac) && !wanted.interfaces.some((nic) => nic.mac === mac),
  );
}

/** Why the disk keeps a size other than the manifest's; undefined when it does not. */
export function shrinkRefusal({ diskSize }: DesiredNode, { disk }: ObservedNode): string | undefined {
  if (diskSize === undefined || disk.size === undefined || diskSize >= disk.size) return undefined;
  const has = formatBytes(disk.size);
  return `the disk has ${has}; making it ${formatBytes(diskSize)} could cut data off, so it stays; size: ${has} says what it has`;
}

/** Why a guest that exists could not be started: its disk is not there. A new one would be without its data. */
export function missingDisk(
  { name, spec }: DesiredNode,
  { domain, disk }: ObservedNode,
): Waiting | undefined {
  if (domain === undefined || disk.exists) return undefined;
  const { path } = disk;
  if (spec.disk.path !== undefined)
    return { reason: 'DiskMissing', message: disk.problem ?? `${path} is not there` };
  if (!disk.ours) {
    const message = `neither ${path} nor the file that says it is k8slab's is there; is its file system mounted?`;
    return { reason: 'StorageMissing', message };
  }
  const message = `${path} is gone; put it back, or have the guest made anew, without its data, by "virsh undefine ${name}"`;
  return { reason: 'DiskMissing', message };
}

/** How a guest gets what only its first boot gives. */
export const MADE_ANEW =
  'to have it made anew, without its data: policy.reclaim: Delete, take the manifest away, and put it back once the Node is gone';

function cloudInitDrift({ cloudInitHash }: DesiredNode, { domain }: ObservedNode): Pending[] {
  const told = domain?.config.model.mark?.cloudInit ?? '';
  if (told === '' || cloudInitHash === undefined || told === cloudInitHash) return [];
  const message = `cloud-init ran with other settings at the first boot; they hold for new guests only; ${MADE_ANEW}`;
  return [{ type: 'CloudInitDrifted', reason: 'SettingsChanged', message }];
}
