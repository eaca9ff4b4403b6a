import { canonicalJson } from '../canonical.ts';
import { modelNetwork, type NetworkModel } from '../libvirt/network.ts';
import { renderNetwork, specHash, type DesiredNetwork } from '../render/network.ts';
import { renderXml, type XmlElement } from '../xml.ts';
import { step, type Cost, type HostFiles, type NetworkAction, type Plan, type Waiting } from './action.ts';
import { NET_UPDATE_SECONDS } from './costs.ts';
import { planLive, writeFiles } from './network-live.ts';
import { findOverlap } from './network-neighbours.ts';
import { guestNames, type ObservedNetwork } from './network-observed.ts';
import { planAttach, planRestart, restartFields } from './network-restart.ts';
import { planUpdates } from './network-updates.ts';

/**
 * What makes the network as desired, in an order that keeps every step safe: the files dnsmasq reads before the start,
 * names and reservations before the guests that need them.
 */
export function planNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Plan<NetworkAction> {
  const conflict = foreignNetwork(desired, observed);
  if (conflict !== undefined) return { actions: [], waiting: conflict };
  const wanted = renderNetwork(desired, observed.config?.root, observed.config?.model.mark);
  const plan = planRepairs(desired, observed, wanted);
  if (plan.actions.length === 0 || !reportsOnly(desired, observed)) return plan;
  const message = plan.actions.map(({ reason }) => reason).join('; ');
  return { actions: [], waiting: { reason: 'Drifted', message: `left alone by policy.drift: ${message}` } };
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
  const definition = planDefinition(wanted, observed);
  const live = observed.live?.model;
  if (!observed.active || live === undefined) return planInactive(desired, observed, definition);
  const outdated = restartFields(modelNetwork(wanted), live);
  const overlap = outdated.length === 0 ? undefined : findOverlap(desired, observed);
  if (overlap !== undefined) return { actions: [], waiting: overlap };
  const updates = planRunning(desired, observed, live);
  const around = [...planAttach(desired, observed), ...planAutostart(desired, observed)];
  const { action, waiting } = planRestart({
    desired,
    observed,
    wanted: modelNetwork(wanted),
    outdated,
    updates,
  });
  if (action !== undefined) return { actions: [...definition, ...around, action] };
  // The definition that did not start stays away, or the next start of the host would fail with it.
  const defined = waiting?.reason === 'RestartFailed' ? [] : definition;
  const actions = [...defined, ...updates, ...around];
  return waiting === undefined ? { actions } : { actions, waiting };
}

const EMPTY: HostFiles = { reservations: [], names: [] };

function planInactive(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  definition: readonly NetworkAction[],
): Plan<NetworkAction> {
  const overlap = findOverlap(desired, observed);
  if (overlap !== undefined) return { actions: [], waiting: overlap };
  return {
    actions: [
      ...writeFiles(observed, EMPTY),
      ...definition,
      ...planAutostart(desired, observed),
      step('none', 'the network is not active', { type: 'StartNetwork' }),
    ],
  };
}

/** What the running network lacks, by the files that its dnsmasq reads, or by net-update where it reads none. */
function planRunning(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  live: NetworkModel,
): NetworkAction[] {
  const guests = guestNames(observed);
  const felt: Cost = guests.length === 0 ? {} : { seconds: NET_UPDATE_SECONDS, guests };
  if (readsHostFiles(desired, live)) return planLive(desired, observed, live, felt);
  const owned = [observed.config?.model.mark, live.mark].filter((mark) => mark !== undefined);
  return planUpdates(desired, live, owned, felt);
}

function foreignNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Waiting | undefined {
  if (observed.config === undefined && observed.live === undefined) return undefined;
  if (observed.config?.model.mark !== undefined) return undefined;
  return {
    reason: 'Conflict',
    message: `libvirt has a network "${desired.name}" that k8slab did not make; rename this one or undefine that one`,
  };
}

function planDefinition(wanted: XmlElement, { config }: ObservedNetwork): NetworkAction[] {
  if (config === undefined) {
    const xml = renderXml(wanted);
    return [step('none', 'the network is not defined', { type: 'DefineNetwork', xml })];
  }
  const differing = differences(modelNetwork(wanted), config.model);
  if (differing.length === 0) return [];
  const reason = `the definition differs in ${differing.join(', ')}`;
  return [step('none', reason, { type: 'DefineNetwork', xml: renderXml(wanted) })];
}

/** Names of the modelled fields that differ; both sides come from the same document, so foreign parts are alike. */
function differences(wanted: NetworkModel, found: NetworkModel): string[] {
  const keys = Object.keys({ ...wanted, ...found }) as (keyof NetworkModel)[];
  return keys.filter((key) => canonicalJson(wanted[key]) !== canonicalJson(found[key]));
}

function planAutostart(desired: DesiredNetwork, observed: ObservedNetwork): NetworkAction[] {
  const on = desired.spec.autostart;
  if (observed.autostart === on) return [];
  return [step('none', `autostart is ${on ? 'off' : 'on'}`, { type: 'SetNetworkAutostart', on })];
}

/** Whether the running dnsmasq was started with our two directories (libvirt-facts T23). */
export function readsHostFiles(desired: DesiredNetwork, live: NetworkModel): boolean {
  return desired.options.every(
    (option) => !/^(dhcp-)?hostsdir=/.test(option) || live.options.includes(option),
  );
}
