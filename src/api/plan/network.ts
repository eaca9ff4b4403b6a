import type { NetworkEntry, NetworkMark } from '../libvirt/mark.ts';
import type { DhcpHost, DnsHost, NetworkDocument, NetworkModel } from '../libvirt/network.ts';
import { modelNetwork } from '../libvirt/network.ts';
import { desiredDnsHosts, renderNetwork, type DesiredNetwork } from '../render/network.ts';
import { element, renderXml } from '../xml.ts';
import { step, type HostFiles, type NetworkAction, type Plan, type Waiting } from './action.ts';

/** What libvirt and dnsmasq say of one network; `config` and `live` are read and compared separately. */
export interface ObservedNetwork {
  readonly config?: NetworkDocument;
  readonly live?: NetworkDocument;
  readonly active: boolean;
  readonly autostart: boolean;
  readonly hostFiles: HostFiles;
}

/**
 * What makes the network as desired, in an order that keeps every step safe: the files dnsmasq reads before the start,
 * names and reservations before the guests that need them.
 */
export function planNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Plan<NetworkAction> {
  const foreign = foreignNetwork(desired, observed);
  if (foreign !== undefined) return { actions: [], waiting: foreign };
  const definition = planDefinition(desired, observed);
  if (!observed.active)
    return { actions: [...writeFiles(observed, EMPTY), ...definition, ...planStart(desired, observed)] };
  const live = observed.live?.model;
  if (live === undefined || !readsHostFiles(desired, live)) {
    return { actions: definition, waiting: restartRequired(['the directories that dnsmasq reads']) };
  }
  const outdated = restartFields(desired, live);
  const actions = [...definition, ...planLive(desired, observed, live), ...planAutostart(desired, observed)];
  return outdated.length === 0 ? { actions } : { actions, waiting: restartRequired(outdated) };
}

const EMPTY: HostFiles = { reservations: [], names: [] };

function foreignNetwork(desired: DesiredNetwork, observed: ObservedNetwork): Waiting | undefined {
  if (observed.config === undefined && observed.live === undefined) return undefined;
  if (observed.config?.model.mark !== undefined) return undefined;
  return {
    reason: 'Conflict',
    message: `libvirt has a network "${desired.name}" that k8slab did not make; rename this one or undefine that one`,
  };
}

function restartRequired(fields: readonly string[]): Waiting {
  return {
    reason: 'RestartRequired',
    message: `takes effect when the network restarts: ${fields.join(', ')}`,
  };
}

function planDefinition(desired: DesiredNetwork, observed: ObservedNetwork): NetworkAction[] {
  const { config } = observed;
  const wanted = renderNetwork(desired, config?.root, config?.model.mark);
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
  return keys.filter((key) => canonical(wanted[key]) !== canonical(found[key]));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
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

/** Fields libvirt cannot change on a running network. */
function restartFields(desired: DesiredNetwork, live: NetworkModel): string[] {
  const { spec } = desired;
  const checks: [string, boolean][] = [
    ['domain', live.domain?.name === spec.domain],
    ['dns.localOnly', spec.domain === undefined || live.domain?.localOnly === spec.dns.localOnly],
    ['cidr', live.ip?.address === desired.gateway && live.ip.netmask === desired.netmask],
    ['bridge.name', live.bridge?.name === desired.bridge],
    ['forward.mode', (live.forward?.mode ?? 'isolated') === spec.forward.mode],
    ['forward.dev', live.forward?.dev === spec.forward.dev],
    ['mtu', spec.mtu === undefined || live.mtu === String(spec.mtu)],
    ['dns.dnsmasqOptions', desired.options.every((option) => live.options.includes(option))],
    [
      'dhcp',
      live.ranges.some(({ start, end }) => start === desired.range.start && end === desired.range.end),
    ],
  ];
  return checks.filter(([, same]) => !same).map(([field]) => field);
}

/** Brings the running dnsmasq to `desired` by what costs least: files first, net-update for what they cannot do. */
function planLive(desired: DesiredNetwork, observed: ObservedNetwork, live: NetworkModel): NetworkAction[] {
  const owned = [observed.config?.model.mark, live.mark].filter((mark) => mark !== undefined);
  const removals = [...staleNames(desired, live, owned), ...reservationsInTheWay(desired, live, owned)];
  const remaining = withoutRemoved(live, removals);
  const files = hostFiles(desired, remaining);
  const writes = writeFiles(observed, files);
  const forgets = missing(observed.hostFiles.reservations, files.reservations);
  const reload = forgets.length > 0 ? [step('none', 'dnsmasq keeps a reservation that is gone', RELOAD)] : [];
  return [...removals.map(({ action }) => action), ...writes, ...reload];
}

const RELOAD = { type: 'ReloadDnsmasq' } as const;

interface Removal {
  readonly action: NetworkAction;
  readonly host?: DhcpHost;
  readonly names?: DnsHost;
}

/** Names of ours that the live XML answers with an address they no longer have (T23: both would be answered). */
function staleNames(desired: DesiredNetwork, live: NetworkModel, owned: readonly NetworkMark[]): Removal[] {
  const wanted = new Map(desiredDnsHosts(desired).map((host) => [host.ip, host]));
  const ours = new Set(
    owned.flatMap((mark) => [...mark.entries, ...mark.records]).flatMap((host) => host.hostnames),
  );
  return live.dns.hosts
    .filter((host) =>
      host.hostnames.some((name) => ours.has(name) && wanted.get(host.ip)?.hostnames.includes(name) !== true),
    )
    .map((host) => ({
      names: host,
      action: step('none', `${host.ip} no longer has the name ${host.hostnames.join(', ')}`, {
        type: 'UpdateNetwork',
        command: 'delete',
        section: 'dns-host',
        xml: renderXml(
          element(
            'host',
            { ip: host.ip },
            host.hostnames.map((name) => element('hostname', {}, [name])),
          ),
        ),
      }),
    }));
}

/** Reservations of ours in the live XML that hold an address another MAC shall have: dnsmasq would refuse the file's. */
function reservationsInTheWay(
  desired: DesiredNetwork,
  live: NetworkModel,
  owned: readonly NetworkMark[],
): Removal[] {
  const ours = new Set(owned.flatMap((mark) => mark.entries.map((entry) => entry.mac)));
  return live.hosts
    .filter((host) => host.mac !== undefined && ours.has(host.mac))
    .filter((host) => desired.entries.some((entry) => entry.ip === host.ip && entry.mac !== host.mac))
    .map((host) => ({
      host,
      action: step('uplink', `${host.ip} is reserved for ${host.mac ?? ''}, which no longer has it`, {
        type: 'UpdateNetwork',
        command: 'delete',
        section: 'ip-dhcp-host',
        xml: renderXml(element('host', { mac: host.mac, name: host.name, ip: host.ip })),
      }),
    }));
}

function withoutRemoved(live: NetworkModel, removals: readonly Removal[]): NetworkModel {
  const hosts = live.hosts.filter((host) => !removals.some((removal) => removal.host === host));
  const names = live.dns.hosts.filter((host) => !removals.some((removal) => removal.names === host));
  return { ...live, hosts, dns: { ...live.dns, hosts: names } };
}

/** What the live XML does not carry yet. */
function hostFiles(desired: DesiredNetwork, live: NetworkModel): HostFiles {
  const reservations = desired.entries
    .filter((entry) => !live.hosts.some((host) => isReservation(host, entry)))
    .map((entry) => ({ mac: entry.mac, ip: entry.ip, name: entry.hostnames[0] ?? entry.node }));
  const names = desiredDnsHosts(desired)
    .map(({ ip, hostnames }) => {
      const known = live.dns.hosts.find((host) => host.ip === ip)?.hostnames ?? [];
      return { ip, hostnames: hostnames.filter((name) => !known.includes(name)) };
    })
    .filter(({ hostnames }) => hostnames.length > 0);
  return { reservations, names };
}

function isReservation(host: DhcpHost, entry: NetworkEntry): boolean {
  return host.mac === entry.mac && host.ip === entry.ip && host.name === entry.hostnames[0];
}

function writeFiles(observed: ObservedNetwork, files: HostFiles): NetworkAction[] {
  if (canonical(files) === canonical(observed.hostFiles) && observed.active) return [];
  const reason = observed.active
    ? `dnsmasq does not know ${changedNames(observed.hostFiles, files)} yet`
    : 'dnsmasq reads these directories from its start';
  return [step('none', reason, { type: 'WriteHostFiles', files })];
}

function changedNames(before: HostFiles, after: HostFiles): string {
  const changed = [
    ...missing(after.reservations, before.reservations).map(({ name }) => name),
    ...missing(after.names, before.names).flatMap(({ hostnames }) => hostnames),
  ];
  return changed.length === 0 ? 'what is gone' : [...new Set(changed)].join(', ');
}

function missing<T>(from: readonly T[], inThese: readonly T[]): T[] {
  const known = new Set(inThese.map(canonical));
  return from.filter((item) => !known.has(canonical(item)));
}

/** Whether a guest with this entry gets its address and name now: what is live is the live XML and the files together. */
export function isLive(entry: NetworkEntry, observed: ObservedNetwork): boolean {
  const live = observed.live?.model;
  if (!observed.active || live === undefined) return false;
  const inFile = observed.hostFiles.reservations.some(
    ({ mac, ip, name }) => mac === entry.mac && ip === entry.ip && name === entry.hostnames[0],
  );
  const known = [...live.dns.hosts, ...observed.hostFiles.names].filter(({ ip }) => ip === entry.ip);
  const resolves = entry.hostnames.every((name) => known.some(({ hostnames }) => hostnames.includes(name)));
  return resolves && (inFile || live.hosts.some((host) => isReservation(host, entry)));
}
