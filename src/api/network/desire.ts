import { allocateAddresses, allocatePodCidrs } from '../ipam/allocate.ts';
import { fromNumber } from '../ipam/ip.ts';
import type { NetworkSpec } from './spec.ts';
import type { KindMap } from '../meta.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import { aliasName, attachmentMac, bridgeName, fqdn, isLeftAlone } from '../ipam/names.ts';
import { networkAddresses } from '../ipam/network-addresses.ts';
import type { DesiredNetwork } from './render.ts';
import type { NetworkEntry, Refusal } from '../ipam/entry.ts';

/** What a Node asks of one network. */
export interface Claim {
  readonly node: string;
  readonly mac: string;
  readonly hostnames: readonly string[];
  /** The pod network that its manifest names. */
  readonly podCIDR?: string;
  /** Its guest was made by others, who may have put its entries here as well. */
  readonly adopts: boolean;
}

export interface NodeManifest {
  readonly name: string;
  readonly spec: KindMap['Node']['spec'];
}

/** The claims of all Nodes on one network, by name. */
export function claimsOn(
  network: string,
  domain: string | undefined,
  nodes: readonly NodeManifest[],
): Claim[] {
  const claims = nodes.flatMap(({ name, spec }) =>
    spec.networks.flatMap((attachment, index): Claim[] => {
      if (attachment.network !== network || isLeftAlone(spec, attachment)) return [];
      const aliases = index === 0 ? spec.dnsAliases.map((alias) => aliasName(alias, domain)) : [];
      const podCIDR = index === 0 ? spec.podCIDR : undefined;
      return [
        {
          node: name,
          mac: attachmentMac(name, attachment),
          hostnames: [...new Set([fqdn(name, domain), ...aliases])],
          ...(podCIDR === undefined ? {} : { podCIDR }),
          adopts: spec.policy.adopt,
        },
      ];
    }),
  );
  return claims.sort((a, b) => (a.node < b.node ? -1 : 1));
}

export interface DesireNetworkInput {
  readonly name: string;
  readonly spec: NetworkSpec;
  /** The Nodes that may be served now: without those that contradict each other. */
  readonly nodes: readonly NodeManifest[];
  /** The network's --inactive XML, where it exists. */
  readonly config?: NetworkModel;
  /** Whether a machine whose manifest asks for nothing here keeps what it has. */
  readonly keeps: (node: string) => boolean;
  /** DHCP ranges stay as they are, whatever the spec says. */
  readonly keepsRanges?: boolean;
  /** The manifest's own spec, where `spec` has what it does not name from libvirt. */
  readonly asked?: NetworkSpec;
  /** Directories that dnsmasq reads beside libvirt's files. */
  readonly hostDirs: { readonly dhcp: string; readonly dns: string };
}

/** An option for one of the directories (libvirt-facts T23): wanted, but no reason for a restart of its own. */
export function isHostDir(option: string): boolean {
  return /^(dhcp-)?hostsdir=/.test(option);
}

/** The network as it shall be, and the claims that cannot be met: those Nodes get nothing, what others have stays. */
export function desireNetwork(input: DesireNetworkInput): { desired: DesiredNetwork; refusals: Refusal[] } {
  const { name, spec, config, hostDirs } = input;
  const { gateway, netmask, dhcp } = networkAddresses(spec);
  const { entries, refusals } = desireEntries(input);
  const options = [`dhcp-hostsdir=${hostDirs.dhcp}`, `hostsdir=${hostDirs.dns}`, ...spec.dns.dnsmasqOptions];
  const desired: DesiredNetwork = {
    name,
    spec,
    ...(input.asked === undefined ? {} : { asked: input.asked }),
    bridge: spec.bridge.name ?? config?.bridge?.name ?? bridgeName(name),
    gateway: fromNumber(gateway),
    netmask,
    ...(input.keepsRanges === true
      ? {}
      : { range: { start: fromNumber(dhcp.start), end: fromNumber(dhcp.end) } }),
    entries,
    options,
  };
  return { desired, refusals };
}

function desireEntries(input: DesireNetworkInput): { entries: NetworkEntry[]; refusals: Refusal[] } {
  const { config, nodes } = input;
  const claims = claimsOn(input.name, input.spec.domain, nodes);
  const marked = config?.mark?.entries ?? [];
  const kept = marked.filter(
    (entry) => !claims.some(({ node }) => node === entry.node) && input.keeps(entry.node),
  );
  const addresses = allocateAddresses(input, nodes, heldReservations(input, claims, kept));
  const pods = allocatePodCidrs(input, nodes, podsHeld(marked));
  const refused = new Map<string, Refusal>();
  for (const error of [...pods.errors, ...addresses.errors]) refused.set(error.node, error);
  const wanted = claims.flatMap(({ node, mac, hostnames }): NetworkEntry[] => {
    const [ip, podCIDR] = [addresses.assigned.get(node), pods.assigned.get(node)];
    return ip === undefined
      ? []
      : [{ node, mac, ip, ...(podCIDR === undefined ? {} : { podCIDR }), hostnames }];
  });
  // Who is refused keeps what it has, which may stand in the way of others in turn.
  for (let before = -1; before < refused.size;) {
    before = refused.size;
    const staying = [...kept, ...marked.filter(({ node }) => refused.has(node))];
    for (const entry of wanted) {
      const message = refused.has(entry.node) ? undefined : conflictOf(entry, staying, config);
      if (message !== undefined) refused.set(entry.node, { node: entry.node, reason: 'Conflict', message });
    }
  }
  const entries = claims.flatMap(({ node }) =>
    (refused.has(node) ? marked : wanted).filter((entry) => entry.node === node),
  );
  return { entries: [...entries, ...kept], refusals: [...refused.values()] };
}

/** What stands in the way of an entry: others' in the network, and entries of k8slab that must stay. */
function conflictOf(
  entry: NetworkEntry,
  staying: readonly NetworkEntry[],
  config: NetworkModel | undefined,
): string | undefined {
  const marked = config?.mark?.entries ?? [];
  const foreign = (config?.hosts ?? []).filter((host) => !marked.some(({ mac }) => mac === host.mac));
  const holder = foreign.find(({ ip, mac }) => ip === entry.ip || mac === entry.mac);
  if (holder !== undefined) {
    const held = `the network already reserves ${holder.ip} for ${holder.name ?? holder.mac ?? 'another machine'}`;
    return `${held}; ${NOT_OURS}`;
  }
  if (config?.dns.hosts.some((host) => isForeignName(host, entry, marked)) === true) {
    const names = entry.hostnames.join(', ');
    return `the network already has a name of it (${names}) with another address; ${NOT_OURS}`;
  }
  const other = staying.find(
    ({ node, ip, mac, hostnames }) =>
      node !== entry.node &&
      (ip === entry.ip || mac === entry.mac || hostnames.some((name) => entry.hostnames.includes(name))),
  );
  return (
    other &&
    `the machine "${other.node}" still has ${other.ip}, ${other.mac} and ${other.hostnames.join(', ')}`
  );
}

const NOT_OURS = 'that entry was not made by k8slab and stays';

/**
 * What is taken: a Node keeps the address that it was given, whatever others made of its reservation, under a new MAC
 * too; what a removed one had is free again.
 */
function heldReservations(
  input: DesireNetworkInput,
  claims: readonly Claim[],
  kept: readonly NetworkEntry[],
): { mac: string; ip: string }[] {
  const marked = input.config?.mark?.entries ?? [];
  const foreign = (input.config?.hosts ?? []).flatMap(({ mac, ip }) =>
    mac === undefined || marked.some((entry) => entry.mac === mac) ? [] : [{ mac, ip }],
  );
  const ours = marked.flatMap((entry) => {
    if (kept.includes(entry)) return [{ mac: entry.mac, ip: entry.ip }];
    const claim = claims.find(({ node }) => node === entry.node);
    return claim === undefined ? [] : [{ mac: claim.mac, ip: entry.ip }];
  });
  return [...foreign, ...ours];
}

function isForeignName(
  host: NetworkModel['dns']['hosts'][number],
  entry: NetworkEntry,
  marked: readonly NetworkEntry[],
): boolean {
  if (host.ip === entry.ip) return false;
  const ours = new Set(marked.flatMap(({ hostnames }) => hostnames));
  return host.hostnames.some((name) => entry.hostnames.includes(name) && !ours.has(name));
}

function podsHeld(entries: readonly NetworkEntry[]): Map<string, string> {
  return new Map(entries.flatMap(({ node, podCIDR }) => (podCIDR === undefined ? [] : [[node, podCIDR]])));
}
