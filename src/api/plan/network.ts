import { MODES } from '../adopt/network.ts';
import { canonicalJson } from '../canonical.ts';
import { modelNetwork, type NetworkModel } from '../libvirt/network.ts';
import { renderNetwork, type DesiredNetwork } from '../render/network.ts';
import { renderXml, type XmlElement } from '../xml.ts';
import { step, type HostFiles, type NetworkAction, type Plan, type Waiting } from './action.ts';
import { isLive, planLive, writeFiles, type ObservedNetwork } from './network-live.ts';

/**
 * What makes the network as desired, in an order that keeps every step safe: the files dnsmasq reads before the start,
 * names and reservations before the guests that need them.
 */
export function planNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Plan<NetworkAction> {
  const foreign = foreignNetwork(desired, observed);
  if (foreign !== undefined) return { actions: [], waiting: foreign };
  const untouched = planUntouched(desired, observed);
  if (untouched !== undefined) return untouched;
  const wanted = renderNetwork(desired, observed.config?.root, observed.config?.model.mark);
  const definition = planDefinition(wanted, observed);
  if (!observed.active)
    return { actions: [...writeFiles(observed, EMPTY), ...definition, ...planStart(desired, observed)] };
  const live = observed.live?.model;
  if (live === undefined || !readsHostFiles(desired, live)) {
    return { actions: definition, waiting: restartRequired(['the directories that dnsmasq reads']) };
  }
  const outdated = restartFields(modelNetwork(wanted), live);
  const actions = [...definition, ...planLive(desired, observed, live), ...planAutostart(desired, observed)];
  return outdated.length === 0 ? { actions } : { actions, waiting: restartRequired(outdated) };
}

/**
 * A network of others that is as its manifest names it gets neither mark nor directories for dnsmasq: both come along
 * with the first change that is due for another reason.
 */
function planUntouched(desired: DesiredNetwork, observed: ObservedNetwork): Plan<NetworkAction> | undefined {
  const live = observed.live?.model;
  if (observed.adopting !== true || !observed.active || live === undefined) return undefined;
  const bare = { ...desired, options: desired.spec.dns.dnsmasqOptions };
  const wanted = renderNetwork(bare, observed.config?.root, observed.config?.model.mark);
  if (planDefinition(wanted, observed).length > 0) return undefined;
  const deaf = desired.entries.filter((entry) => !isLive(entry, observed)).map(({ node }) => node);
  const outdated = [...restartFields(modelNetwork(wanted), live), ...deaf];
  const actions = planAutostart(desired, observed);
  return outdated.length === 0 ? { actions } : { actions, waiting: restartRequired(outdated) };
}

const EMPTY: HostFiles = { reservations: [], names: [] };

function foreignNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Waiting | undefined {
  if (observed.config === undefined && observed.live === undefined) return undefined;
  const mode = observed.config?.model.forward?.mode ?? 'isolated';
  const ours = observed.config?.model.mark !== undefined;
  if (ours && (observed.adopting !== true || MODES.some((known) => known === mode))) return undefined;
  const message = ours
    ? `libvirt's network "${desired.name}" has the forward mode ${mode}, which k8slab does not have`
    : `libvirt has a network "${desired.name}" that k8slab did not make; "k8slab adopt network/${desired.name}" ` +
      'writes a manifest that takes it over as it is (policy.adopt); else rename this one';
  return { reason: 'Conflict', message };
}

function restartRequired(fields: readonly string[]): Waiting {
  return {
    reason: 'RestartRequired',
    message: `takes effect when the network restarts: ${fields.join(', ')}`,
  };
}

function planDefinition(wanted: XmlElement, { config, adopting }: ObservedNetwork): NetworkAction[] {
  if (config === undefined) {
    const xml = renderXml(wanted);
    return [step('none', 'the network is not defined', { type: 'DefineNetwork', xml })];
  }
  const differing = differences(modelNetwork(wanted), config.model).filter(
    (field) => field !== 'mark' || adopting !== true,
  );
  if (differing.length === 0) return [];
  const reason = `the definition differs in ${differing.join(', ')}`;
  return [step('none', reason, { type: 'DefineNetwork', xml: renderXml(wanted) })];
}

/** Names of the modelled fields that differ; both sides come from the same document, so foreign parts are alike. */
function differences(wanted: NetworkModel, found: NetworkModel): string[] {
  const [a, b] = [unordered(wanted), unordered(found)];
  const keys = Object.keys({ ...a, ...b }) as (keyof NetworkModel)[];
  return keys.filter((key) => canonicalJson(a[key]) !== canonicalJson(b[key]));
}

/** The order in which others wrote hosts and options means nothing; that of the names of one address does. */
function unordered(model: NetworkModel): NetworkModel {
  const names = Map.groupBy(model.dns.hosts, ({ ip }) => ip);
  const hosts = [...names].map(([ip, same]) => ({
    ip,
    hostnames: same.flatMap(({ hostnames }) => hostnames),
  }));
  return {
    ...model,
    dns: { ...model.dns, forwarders: model.dns.forwarders.toSorted(), hosts: sorted(hosts) },
    hosts: sorted(model.hosts),
    options: model.options.toSorted(),
  };
}

function sorted<T>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
}

function planAutostart(desired: DesiredNetwork, observed: ObservedNetwork): NetworkAction[] {
  const on = desired.spec.autostart;
  if (observed.autostart === on) return [];
  return [step('none', `autostart is ${on ? 'off' : 'on'}`, { type: 'SetNetworkAutostart', on })];
}

function planStart(desired: DesiredNetwork, observed: ObservedNetwork): NetworkAction[] {
  return [
    ...planAutostart(desired, observed),
    step('none', 'the network is not active', { type: 'StartNetwork' }),
  ];
}

/** Whether the running dnsmasq was started with our two directories (libvirt-facts T23). */
function readsHostFiles(desired: DesiredNetwork, live: NetworkModel): boolean {
  return desired.options.every(
    (option) => !/^(dhcp-)?hostsdir=/.test(option) || live.options.includes(option),
  );
}

/** What libvirt writes into the live XML where the definition gives no ports. */
const ALL_PORTS = '1024-65535';

/** Fields libvirt cannot change on a running network, as the manifest names them. */
const RESTART_FIELDS: Readonly<Record<string, (model: NetworkModel) => unknown>> = {
  domain: ({ domain }) => domain?.name,
  'dns.localOnly': ({ domain }) => domain?.localOnly,
  cidr: ({ ip }) => ip,
  'bridge.name': ({ bridge }) => bridge?.name,
  'bridge.stp': ({ bridge }) => bridge?.stp,
  'bridge.delaySeconds': ({ bridge }) => bridge?.delay,
  'bridge.mac': ({ mac }) => mac,
  'forward.mode': ({ forward }) => forward?.mode,
  'forward.dev': ({ forward }) => forward?.dev,
  'forward.natPorts': ({ forward }) => (forward?.mode === 'nat' ? (forward.ports ?? ALL_PORTS) : undefined),
  mtu: ({ mtu }) => mtu,
  dns: ({ dns }) => dns.enabled,
  'dns.forwarders': ({ dns }) => dns.forwarders.toSorted(),
  'dns.dnsmasqOptions': ({ options }) => options.toSorted(),
  dhcp: ({ ranges }) => ranges,
};

/** The running network against its definition as it shall be. */
function restartFields(wanted: NetworkModel, live: NetworkModel): string[] {
  return Object.entries(RESTART_FIELDS)
    .filter(([, field]) => canonicalJson(field(wanted)) !== canonicalJson(field(live)))
    .map(([name]) => name);
}
