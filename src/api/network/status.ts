import { condition, READY, SYNCED } from '../conditions.ts';
import { formatSubnet, interfaceOf } from '../ipam/subnet.ts';
import type { DhcpHost } from '../libvirt/network.ts';
import type { ConditionInput } from '../meta.ts';
import type { Plan } from '../disruption/action.ts';
import type { NetworkAction } from './actions.ts';
import { blocksReady, blocksSynced, synced } from '../disruption/waiting.ts';
import type { ObservedNetwork } from './observed.ts';
import type { LiveEntry, Refusal } from '../ipam/entry.ts';

/** What of the claims on a network is in it, and what cannot be. */
export interface Granted {
  readonly entries: readonly LiveEntry[];
  readonly refusals: readonly Refusal[];
  /** Records of the manifest whose names foreign ones have. */
  readonly refusedRecords: readonly string[];
}

/** Whether the network works, whether the last pass succeeded, and what of it is not as it should be. */
export function networkConditions(
  observed: ObservedNetwork,
  plan: Plan<NetworkAction>,
  { entries, refusals, refusedRecords }: Granted,
): ConditionInput[] {
  const { waiting } = plan;
  const defined = observed.config !== undefined;
  const silent = observed.dnsmasq?.running === false;
  const deaf = entries.filter(({ live }) => !live).map(({ node }) => node);
  const steps = [
    condition('Defined', defined ? 'True' : 'False', defined ? 'Defined' : 'NotDefined'),
    condition('Active', observed.active ? 'True' : 'False', observed.active ? 'Active' : 'NotActive'),
    deaf.length === 0
      ? condition('EntriesLive', 'True', 'Live', `${entries.length} reservations and their names are live`)
      : condition('EntriesLive', 'False', 'NotLive', `dnsmasq does not know ${deaf.join(', ')} yet`),
    attached(observed),
    ...served(observed),
    // What waits without keeping the network from working has a condition of its own.
    ...(waiting !== undefined && !blocksReady(waiting)
      ? [condition(waiting.reason, 'True', waiting.reason, waiting.message)]
      : []),
    ...(observed.filtersFrames ? [condition('BridgeNetfilter', 'True', 'Enabled', FILTERED)] : []),
    ...forwarding(observed),
    ...resolverLoop(observed),
    ...duplicates(observed),
    ...refused(refusals),
    ...(refusedRecords.length === 0
      ? []
      : [condition('RecordsRefused', 'True', 'Conflict', refusedRecords.join('; '))]),
  ];
  if (waiting !== undefined && blocksReady(waiting)) {
    return [readyFalse(waiting), condition(SYNCED, 'False', waiting.reason, waiting.message), ...steps];
  }
  const rest = [synced(waiting), ...steps];
  if (!observed.active) return [readyFalse(whyInactive(waiting)), ...rest];
  if (silent) return [readyFalse({ reason: 'NotServed', message: 'dnsmasq does not run' }), ...rest];
  return [condition(READY, 'True', 'Active'), ...rest];
}

function whyInactive(waiting: Plan['waiting']): { reason: string; message: string } {
  if (waiting !== undefined && blocksSynced(waiting)) return waiting;
  return { reason: 'NotActive', message: 'the network is not active' };
}

const FILTERED =
  'net.bridge.bridge-nf-call-iptables is 1: updates of the firewall cost packets between guests too';

function attached({ guests, live }: ObservedNetwork): ConditionInput {
  const bridge = live?.model.bridge?.name;
  const loose = guests.filter(({ master }) => master !== bridge);
  if (loose.length === 0) return condition('GuestsAttached', 'True', 'Attached');
  const names = loose.map(({ domain, tap }) => `${domain} (${tap})`).join(', ');
  return condition(
    'GuestsAttached',
    'False',
    'NotAttached',
    `not plugged into ${bridge ?? 'a bridge'}: ${names}`,
  );
}

/** Whether DHCP and DNS are served. */
function served({ dnsmasq, live }: ObservedNetwork): ConditionInput[] {
  if (dnsmasq === undefined || live?.model.ip === undefined) return [];
  if (dnsmasq.running) return [condition('DnsmasqRunning', 'True', 'Running')];
  const message = 'dnsmasq does not run: guests get no leases, and no names are answered';
  return [condition('DnsmasqRunning', 'False', 'NotRunning', message)];
}

function refused(refusals: readonly Refusal[]): ConditionInput[] {
  if (refusals.length === 0) return [];
  const message = refusals.map((refusal) => `${refusal.node}: ${refusal.message}`).join('; ');
  return [condition('ClaimsRefused', 'True', refusals[0]?.reason ?? 'Conflict', message)];
}

function readyFalse({ reason, message }: { reason: string; message: string }): ConditionInput {
  return condition(READY, 'False', reason, message);
}

/** Whether guests reach the outside, as far as the firewall tells; nothing there is changed by k8slab. */
function forwarding({ firewall, live, neighbours }: ObservedNetwork): ConditionInput[] {
  const { forward, bridge, ip } = live?.model ?? {};
  const block = ip && interfaceOf(ip);
  const cidr = block && formatSubnet(block.subnet);
  const mode = forward?.mode;
  if (neighbours.uplinkMissing === true) {
    const message = `the vmhost has no interface ${forward?.dev ?? 'of that name'}: nothing leaves the network (forward.dev)`;
    return [condition('Forwarding', 'False', 'InterfaceMissing', message)];
  }
  if (firewall === undefined || (mode !== 'nat' && mode !== 'route')) return [];
  const name = bridge?.name ?? '';
  if (firewall.forwardPolicy !== 'ACCEPT' && !firewall.accepted.includes(name)) {
    const message = `the policy of the chain FORWARD is ${firewall.forwardPolicy} (Docker sets it), and no rule of libvirt lets ${name} out`;
    return [condition('Forwarding', 'False', 'ForwardDropped', message)];
  }
  if (mode === 'nat' && (cidr === undefined || !firewall.masqueraded.includes(cidr))) {
    const message = `the firewall does not translate ${cidr ?? 'its addresses'}: libvirt's rules are gone; systemctl restart libvirtd (virtnetworkd where its daemons are modular) makes them anew`;
    return [condition('Forwarding', 'False', 'NotMasqueraded', message)];
  }
  return [condition('Forwarding', 'True', 'Forwarded')];
}

/** dnsmasq asks the vmhost's resolvers, and one of those is dnsmasq: names of the domain that nobody has go in circles. */
function resolverLoop({ live, resolvConf = '' }: ObservedNetwork): ConditionInput[] {
  const { domain, dns, ip } = live?.model ?? {};
  const resolvers = [...resolvConf.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].map(([, address]) => address);
  if (ip === undefined || domain?.localOnly === true || !resolvers.includes(ip.address)) return [];
  if (dns !== undefined && (!dns.enabled || dns.forwarders.length > 0)) return [];
  const message = `/etc/resolv.conf of the vmhost names ${ip.address}, which asks the vmhost's resolvers in turn: set dns.localOnly or dns.forwarders`;
  return [condition('ResolverLoop', 'True', 'AsksItself', message)];
}

/** dnsmasq drops the second of two reservations without a word (libvirt-facts F14): that machine has none. */
function duplicates({ config, live }: ObservedNetwork): ConditionInput[] {
  const hosts = (live ?? config)?.model.hosts ?? [];
  const found = (['ip', 'mac'] as const).flatMap((field) => clashing(hosts, field));
  if (found.length === 0) return [];
  return [condition('DuplicateEntries', 'True', 'Duplicates', found.join('; '))];
}

function clashing(hosts: readonly DhcpHost[], field: 'ip' | 'mac'): string[] {
  const holders = Map.groupBy(hosts, (host) => host[field]);
  return [...holders].flatMap(([value, sharing]) => {
    if (value === undefined || sharing.length < 2) return [];
    const names = sharing.map(({ name, mac, ip }) => name ?? (field === 'ip' ? mac : ip) ?? 'no name');
    return [`${value} is reserved ${sharing.length} times, for ${names.join(', ')}`];
  });
}
