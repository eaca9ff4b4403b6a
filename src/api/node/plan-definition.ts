import { canonicalJson } from '../canonical.ts';
import { modelDomain, type DomainModel } from '../libvirt/domain.ts';
import { definitionHash, renderDomainOver } from './render-domain-over.ts';
import { diskGrowth, firstDisk, growthRefusal } from './pending-disk.ts';
import { renderXml } from '../xml.ts';
import { fieldChange, step, type FieldChange } from '../disruption/step.ts';
import type { NodeAction } from './actions.ts';
import { bytesOfMebibytes, formatBytes } from '../quantity.ts';
import type { DesiredNode, ObservedNode } from './observed.ts';

/** What is done about an existing guest without it noticing, and what policy leaves as it was found. */
export interface Upkeep {
  readonly actions: readonly NodeAction[];
  /** Changed behind the manifest, and not repaired. */
  readonly drifted: readonly string[];
  /** Fields that the definition goes on having otherwise than the manifest: a restart would not bring them about. */
  readonly unwritten: readonly string[];
}

type Part = Omit<Upkeep, 'unwritten'> & Partial<Upkeep>;

/** Brings the definition, the links and the size of the disk to what the manifest says. */
export function planUpkeep(desired: DesiredNode, observed: ObservedNode): Upkeep {
  const parts: Part[] = [
    planDefinition(desired, observed),
    planLinks(desired, observed),
    planAutostart(desired, observed),
    { actions: planGrowth(desired, observed), drifted: foreignDisk(observed) },
  ];
  return {
    actions: parts.flatMap(({ actions }) => actions),
    drifted: parts.flatMap(({ drifted }) => drifted),
    unwritten: parts.flatMap(({ unwritten = [] }) => unwritten),
  };
}

const NOTHING: Part = { actions: [], drifted: [] };

function planDefinition({ definition, spec }: DesiredNode, observed: ObservedNode): Part {
  const { domain } = observed;
  const mark = domain?.config.model.mark;
  if (definition === undefined || domain === undefined || mark === undefined) return NOTHING;
  const { root, model } = domain.config;
  const rendered = renderDomainOver(root, definition, mark);
  const wanted = modelDomain(rendered);
  const fields = [
    ...(domain.transient === true ? ['that it is kept'] : []),
    ...definitionFields(wanted, model),
  ];
  // What libvirt offers is not known yet, which is no other wish.
  if (definition.type === undefined) return { ...NOTHING, unwritten: fields };
  const isDrift = mark.applied === definitionHash(definition);
  if (fields.length === 0 && (isDrift || mark.applied === undefined)) return NOTHING;
  if (fields.length > 0 && isDrift && spec.policy.drift === 'Report') {
    return { actions: [], drifted: [`the definition differs in ${fields.join(', ')}`], unwritten: fields };
  }
  const differing = fields.length === 0 ? 'what the mark says' : fields.join(', ');
  const reason = `the definition differs in ${differing}${isDrift ? ', changed behind the manifest' : ''}`;
  const changes = changedValues(model, wanted);
  const cost = {
    ...(isDrift ? { drift: true as const } : {}),
    ...(changes.length === 0 ? {} : { changes }),
  };
  const starts = mark.adopted === true ? observed.knownAutostart === 'on' : spec.power === 'Running';
  const forgotten = domain.transient === true && starts;
  const define = {
    type: 'DefineDomain' as const,
    xml: renderXml(rendered),
    ...(forgotten ? { autostart: true as const } : {}),
  };
  return { actions: [step('none', reason, define, cost)], drifted: [] };
}

/** Fields by the names that the manifest has for them. */
const FIELDS: Readonly<Record<string, (model: DomainModel) => unknown>> = {
  cpus: ({ cpus }) => cpus,
  memory: ({ memory, currentMemory }) => [memory, currentMemory],
  domainType: ({ type }) => type,
  networks: ({ interfaces }) => interfaces,
  disk: ({ disks }) => disks,
  policy: ({ mark }) => mark?.reclaim,
};

/** What a plan says of a field's value, where a line has room for it. */
const VALUES: Readonly<Record<string, (model: DomainModel) => string>> = {
  cpus: ({ cpus }) => String(cpus.count),
  memory: ({ memory }) => formatBytes(bytesOfMebibytes(memory)),
  domainType: ({ type }) => type,
  networks: ({ interfaces }) =>
    interfaces.map(({ network, bridge, mac }) => `${network ?? bridge ?? ''} ${mac}`).join(' and '),
  disk: ({ disks }) => disks.map(({ file, target }) => file ?? target).join(' and '),
  'policy.reclaim': ({ mark }) => mark?.reclaim ?? '',
};

function changedValues(before: DomainModel, after: DomainModel): FieldChange[] {
  return Object.entries(VALUES).flatMap(([field, value]) => fieldChange(field, value(before), value(after)));
}

function definitionFields(wanted: DomainModel, found: DomainModel): string[] {
  return Object.entries(FIELDS)
    .filter(([, field]) => canonicalJson(field(wanted)) !== canonicalJson(field(found)))
    .map(([name]) => name);
}

/** A guest that shall run comes up with its vmhost, whether k8slab does or not; one of others as they set it. */
function planAutostart({ spec }: DesiredNode, observed: ObservedNode): Part {
  const { domain, knownAutostart } = observed;
  const mark = domain?.config.model.mark;
  // One that is not defined has no such thing, and gets it with its definition.
  if (domain === undefined || mark === undefined || domain.transient === true) return NOTHING;
  if (mark.adopted === true) {
    if (knownAutostart !== 'owed' || domain.autostart === true) return NOTHING;
    const reason = 'libvirt started the guest with the vmhost before it was undefined';
    return { actions: [step('none', reason, { type: 'SetDomainAutostart', on: true })], drifted: [] };
  }
  const on = spec.power === 'Running';
  if (on === (domain.autostart === true)) return NOTHING;
  const reason = `libvirt ${on ? 'does not start' : 'starts'} the guest with the vmhost`;
  // While it goes on or off, the manifest is what changed; one that others switched off does neither.
  const drift = domain.state === (on ? 'running' : 'shutoff') || (on && wasSwitchedOff(observed));
  if (drift && spec.policy.drift === 'Report') return { actions: [], drifted: [reason] };
  const action = { type: 'SetDomainAutostart' as const, on };
  return { actions: [step('none', reason, action, drift ? { drift: true } : {})], drifted: [] };
}

/** It ran, and nobody who may asked it to go down. */
function wasSwitchedOff({ domain, ran, asked }: ObservedNode): boolean {
  return domain?.state === 'shutoff' && ran && asked === undefined;
}

function planLinks({ definition, spec }: DesiredNode, { domain }: ObservedNode): Part {
  // Others may have set a link of their guest down on purpose.
  if (domain?.config.model.mark?.adopted === true) return NOTHING;
  const wanted = new Set(definition?.interfaces.map(({ mac }) => mac));
  const down = (domain?.live?.interfaces ?? []).filter(({ mac, link }) => link === 'down' && wanted.has(mac));
  if (spec.policy.drift === 'Report')
    return { actions: [], drifted: down.map(({ mac }) => `the link of ${mac} is down`) };
  const actions = down.map(({ mac }) =>
    step('none', `the link of ${mac} is down`, { type: 'RaiseLink' as const, mac }, { drift: true }),
  );
  return { actions, drifted: [] };
}

function planGrowth(desired: DesiredNode, observed: ObservedNode): NodeAction[] {
  const { disk, domain } = observed;
  const growth = diskGrowth(desired, observed);
  if (growth === undefined || growthRefusal(desired, observed) !== undefined) return [];
  const { size, reason } = growth;
  if (domain?.state === 'shutoff')
    return disk.lacks === undefined ? [step('none', reason, { type: 'GrowDisk', size })] : [];
  const target = domain?.live?.disks.find(({ file }) => file === disk.path)?.target;
  if (target === undefined) return [];
  return [step('none', reason, { type: 'GrowDisk', size, target })];
}

/** A snapshot puts another file there, and putting ours back would lose what was written since. */
function foreignDisk({ domain, disk }: ObservedNode): string[] {
  const model = domain?.config.model;
  if (model === undefined || model.mark?.adopted === true) return [];
  const found = firstDisk(model);
  if (found === undefined || found === disk.path) return [];
  return [`the first disk is ${found} and not ${disk.path}, which stays, since it may be a snapshot`];
}
