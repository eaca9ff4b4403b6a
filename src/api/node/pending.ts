import type { DomainModel } from '../libvirt/domain.ts';
import type { Pending, Plan } from '../disruption/action.ts';
import { mebibytes } from '../quantity.ts';
import { MADE_ANEW, pendingDisk } from './pending-disk.ts';
import type { DesiredNode, ObservedNode } from './observed.ts';
import { ASKED_RESTART } from './plan-stop.ts';
import type { DesiredDefinition } from './render-domain-over.ts';

/** What the plan found on its way; what the disk lacks, and what the first boot was told, is found here. */
export interface Findings {
  /** Fields that the running guest has only after a restart. */
  readonly restart: readonly string[];
  /** Changed behind the manifest, and not repaired. */
  readonly drifted: readonly string[];
  /** Fields that contradict a part of the definition that is not k8slab's. */
  readonly refused: readonly string[];
}

/** Waits that tell why a restart that is due is not done. */
const RESTART_WAITS: ReadonlySet<string> = new Set(['RestartRequired', 'RestartRefused', 'RolloutWaiting']);

/** What the manifest asks for and the existing guest does not have, each with what brings it about. */
export function pendingOf(
  desired: DesiredNode,
  observed: ObservedNode,
  { restart, drifted, refused }: Findings,
  waiting: Plan['waiting'],
): Pending[] {
  const found: Pending[] = [];
  const asked = observed.asked?.verb === 'restart';
  if (restart.length > 0 || asked) {
    const due = asked
      ? { reason: 'Requested', message: ASKED_RESTART }
      : { reason: 'DefinitionDiffers', message: restart.join(', ') };
    const why = waiting !== undefined && RESTART_WAITS.has(waiting.reason) ? waiting : due;
    found.push({ type: 'RestartRequired', ...why });
  }
  const off = waiting?.reason === 'Drifted' ? [waiting.message] : [];
  const message = [...new Set([...off, ...drifted])].join('; ');
  if (message !== '') found.push({ type: 'Drifted', reason: 'ChangedByOthers', message });
  if (refused.length > 0) {
    const how = `change both by "virsh edit ${desired.name}"`;
    const text = `${refused.join('; ')}; ${how}`;
    found.push({ type: 'FieldRefused', reason: 'ForeignParts', message: text });
  }
  return [...found, ...pendingDisk(desired, observed, waiting), ...cloudInitDrift(desired, observed)];
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
    memory: live.memory !== mebibytes(memory),
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

function cloudInitDrift({ cloudInitHash }: DesiredNode, { domain }: ObservedNode): Pending[] {
  const told = domain?.config.model.mark?.cloudInit ?? '';
  if (told === '' || cloudInitHash === undefined || told === cloudInitHash) return [];
  const message = `cloud-init ran with other settings at the first boot; they hold for new guests only; ${MADE_ANEW}`;
  return [{ type: 'CloudInitDrifted', reason: 'SettingsChanged', message }];
}
