import { isDeepStrictEqual } from 'node:util';
import { MODES } from './adopt.ts';
import { ipv4Index, modelNetwork, type NetworkDocument, type NetworkModel } from '../libvirt/network.ts';
import { renderNetwork, specHash, type DesiredNetwork } from './render.ts';
import { renderXml, type XmlElement } from '../xml.ts';
import type { Plan } from '../disruption/action.ts';
import { step, type Cost } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { HostFiles, NetworkAction } from './actions.ts';
import { NET_UPDATE_SECONDS } from './costs.ts';
import { marksOf } from './foreign.ts';
import { readsHostFiles } from './host-dirs.ts';
import { planLive, writeFiles } from './plan-live.ts';
import { claimsAnew, findOverlap, findUnknown, movesAddresses } from './neighbours.ts';
import { guestNames, type ObservedNetwork } from './observed.ts';
import { onlyRestartRevives, planRevival } from './plan-revival.ts';
import { changedValues, planAttach, planMtu, planRestart, restartFields } from './plan-restart.ts';
import { planUpdates } from './plan-updates.ts';

/**
 * What makes the network as desired, in an order that keeps every step safe: the files dnsmasq reads before the start,
 * names and reservations before the guests that need them.
 */
export function planNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Plan<NetworkAction> {
  const conflict = foreignNetwork(desired, observed);
  if (conflict !== undefined) return { actions: [], waiting: conflict };
  const untouched = planUntouched(desired, observed);
  if (untouched !== undefined) return untouched;
  const wanted = renderNetwork(desired, observed.config?.root, observed.config?.model.mark);
  const plan =
    desired.contradicted === undefined
      ? planRepairs(desired, observed, wanted)
      : planHeld(desired, observed, desired.contradicted);
  if (plan.actions.length === 0 || !reportsOnly(desired, observed)) return plan;
  const message = plan.actions.map(({ reason }) => reason).join('; ');
  return { actions: [], waiting: { reason: 'Drifted', message: `left alone by policy.drift: ${message}` } };
}

/**
 * A network of others that is as its manifest names it gets neither mark nor directories for dnsmasq: both come along
 * with the first change that is due for another reason. What others defined and did not bring into force is theirs.
 */
function planUntouched(desired: DesiredNetwork, observed: ObservedNetwork): Plan<NetworkAction> | undefined {
  const live = observed.live?.model;
  if (observed.adopting !== 'network' || !observed.active || live === undefined) return undefined;
  const { dns, policy } = desired.spec;
  const spec = { ...desired.spec, policy: { ...policy, restart: 'Never' as const } };
  const bare = { ...desired, spec, options: dns.dnsmasqOptions };
  const wanted = renderNetwork(bare, observed.config?.root, observed.config?.model.mark);
  if (planRepairs(bare, observed, wanted).actions.length > 0) return undefined;
  const fields = restartFields(modelNetwork(wanted), live, desired.hostDirs);
  if (fields.length === 0) return { actions: [] };
  const message = `what others defined takes effect when they restart the network: ${fields.join(', ')}`;
  return { actions: [], waiting: { reason: 'RestartRequired', message } };
}

/** Under `Report`, what was last written from the manifest stays in force: all that differs was changed by others. */
function reportsOnly(desired: DesiredNetwork, { config }: ObservedNetwork): boolean {
  return desired.spec.policy.drift === 'Report' && config?.model.mark?.applied === specHash(desired);
}

function planRepairs(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  wanted: XmlElement,
): Plan<NetworkAction> {
  const model = modelNetwork(wanted);
  const definition = planDefinition({ root: wanted, model }, observed, desired);
  const { live } = observed;
  if (!observed.active || live === undefined) return planInactive(desired, observed, { model, definition });
  const outdated = [
    ...restartFields(model, live.model, desired.hostDirs),
    ...(onlyRestartRevives(observed, live.model) ? ['dnsmasq'] : []),
  ];
  const overlap = outdated.length === 0 ? undefined : findOverlap(desired, observed);
  if (overlap !== undefined) return { actions: [], waiting: overlap };
  const updates = planRunning(desired, observed, live);
  const revival = planRevival(observed, live.model);
  const around = [
    ...planAttach(desired, observed),
    ...planMtu(observed, live.model),
    ...planAutostart(desired, observed),
  ];
  const { action, waiting } = planRestart({ desired, observed, wanted: model, outdated, updates });
  // The definition that did not start stays away, or the next start of the host would fail with it.
  const defined = waiting?.reason === 'RestartFailed' ? [] : definition;
  const moves = defined.length > 0 && claimsAnew(model, observed.config?.model);
  const unknown =
    claimsAnew(model, live.model) && (moves || action !== undefined)
      ? findUnknown(model, observed)
      : undefined;
  if (unknown !== undefined) {
    const served = movesAddresses(model, live.model) ? [] : updates;
    return { actions: [...(moves ? [] : defined), ...revival, ...served, ...around], waiting: unknown };
  }
  if (action !== undefined) return { actions: [...definition, ...around, action] };
  const actions = [...defined, ...revival, ...updates, ...around];
  return waiting === undefined ? { actions } : { actions, waiting };
}

/** Manifests that contradict each other change nothing; what there is goes on, or is started as it is. */
function planHeld(desired: DesiredNetwork, observed: ObservedNetwork, message: string): Plan<NetworkAction> {
  const { live } = observed;
  const actions =
    observed.active && live !== undefined
      ? [...planRevival(observed, live.model), ...planAttach(desired, observed)]
      : [START];
  return { actions, waiting: { reason: 'NodesContradict', message } };
}

const START = step('none', 'the network is not active', { type: 'StartNetwork' } as const);

const EMPTY: HostFiles = { reservations: [], names: [] };

function planInactive(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  { model, definition }: { readonly model: NetworkModel; readonly definition: readonly NetworkAction[] },
): Plan<NetworkAction> {
  const overlap = findOverlap(desired, observed) ?? unknownClaims(model, observed);
  if (overlap !== undefined) return { actions: [], waiting: overlap };
  return {
    actions: [...writeFiles(observed, EMPTY), ...definition, ...planAutostart(desired, observed), START],
  };
}

/** What is defined already claims nothing by its start: libvirt itself starts it with the vmhost. */
function unknownClaims(model: NetworkModel, observed: ObservedNetwork): Waiting | undefined {
  return claimsAnew(model, observed.config?.model) ? findUnknown(model, observed) : undefined;
}

/** What the running network lacks, by the files that its dnsmasq reads, or by net-update where it reads none. */
function planRunning(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  { model: live, root }: NetworkDocument,
): NetworkAction[] {
  const guests = guestNames(observed);
  const felt: Cost = guests.length === 0 ? {} : { seconds: NET_UPDATE_SECONDS, guests };
  const steps = readsHostFiles(desired.hostDirs, live)
    ? planLive(desired, observed, live, felt)
    : planUpdates(desired, live, marksOf(observed.config?.model, live), felt);
  const parentIndex = ipv4Index(root);
  return parentIndex === undefined
    ? steps
    : steps.map((action) => (action.type === 'UpdateNetwork' ? { ...action, parentIndex } : action));
}

function foreignNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Waiting | undefined {
  if (observed.config === undefined && observed.live === undefined) return undefined;
  const mode = observed.config?.model.forward?.mode ?? 'isolated';
  const ours = observed.config?.model.mark !== undefined;
  if (ours && (observed.adopting !== 'network' || MODES.some((known) => known === mode))) return undefined;
  const message = ours
    ? `libvirt's network "${desired.name}" has the forward mode ${mode}, which k8slab does not have`
    : `libvirt has a network "${desired.name}" that k8slab did not make; "k8slab adopt network/${desired.name}" ` +
      'writes a manifest that takes it over as it is (policy.adopt); else rename this one';
  return { reason: 'Conflict', message };
}

function planDefinition(
  wanted: NetworkDocument,
  observed: ObservedNetwork,
  { hostDirs }: DesiredNetwork,
): NetworkAction[] {
  const reason = whyDefine(wanted.model, observed);
  if (reason === undefined) return [];
  const before = observed.config?.model;
  const changes = before === undefined ? [] : changedValues(before, wanted.model, hostDirs);
  // The text of a thousand entries is made only where it is needed.
  const define = { type: 'DefineNetwork' as const, xml: renderXml(wanted.root) };
  return [step('none', reason, define, changes.length === 0 ? {} : { changes })];
}

function whyDefine(
  wanted: NetworkModel,
  { config, persistent, adopting }: ObservedNetwork,
): string | undefined {
  if (config === undefined) return 'the network is not defined';
  if (!persistent) return 'the network runs without a definition and would be gone once it stops';
  const differing = differences(markless(wanted, adopting), markless(config.model, adopting));
  return differing.length === 0 ? undefined : `the definition differs in ${differing.join(', ')}`;
}

/** Names of the modelled fields that differ; both sides come from the same document, so foreign parts are alike. */
function differences(wanted: NetworkModel, found: NetworkModel): string[] {
  const keys = Object.keys({ ...wanted, ...found }) as (keyof NetworkModel)[];
  const differing = keys.filter((key) => !isDeepStrictEqual(wanted[key], found[key]));
  if (differing.length === 0) return [];
  const [a, b] = [unordered(wanted), unordered(found)];
  return differing.filter((key) => !isDeepStrictEqual(a[key], b[key]));
}

/** Less what a mark that is not written yet cannot say. */
function markless({ mark, ...model }: NetworkModel, adopting: ObservedNetwork['adopting']): NetworkModel {
  if (mark === undefined || adopting === 'network') return model;
  if (adopting === undefined) return { ...model, mark };
  return { ...model, mark: { ...mark, applied: '' } };
}

/** The order in which others wrote hosts and options means nothing; that of the names of one address does. */
function unordered(model: NetworkModel): Record<keyof NetworkModel, unknown> {
  const names = Map.groupBy(model.dns.hosts, ({ ip }) => ip);
  const records = [...names].map(([ip, same]) =>
    [ip, ...same.flatMap(({ hostnames }) => hostnames)].join(' '),
  );
  return {
    ...(model as Required<NetworkModel>),
    dns: { ...model.dns, forwarders: model.dns.forwarders.toSorted(), hosts: records.sort() },
    hosts: model.hosts.map(({ mac, ip, name }) => [mac, ip, name].join(' ')).sort(),
    options: model.options.toSorted(),
  };
}

function planAutostart(desired: DesiredNetwork, observed: ObservedNetwork): NetworkAction[] {
  const on = desired.spec.autostart;
  if (observed.autostart === on) return [];
  return [step('none', `autostart is ${on ? 'off' : 'on'}`, { type: 'SetNetworkAutostart', on })];
}
