import { allocateAddresses, allocatePodCidrs } from '../allocate.ts';
import { fromNumber } from '../ip.ts';
import type { NetworkSpec } from '../kinds/network.ts';
import type { NodeSpec } from '../kinds/node.ts';
import type { NetworkEntry } from '../libvirt/mark.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import { aliasName, attachmentMac, bridgeName, fqdn } from '../names.ts';
import { networkAddresses } from '../network-addresses.ts';
import type { DesiredNetwork } from '../render/network.ts';

/** What a Node asks of one network. */
export interface Claim {
  readonly node: string;
  readonly mac: string;
  readonly hostnames: readonly string[];
}

export interface NodeManifest {
  readonly name: string;
  readonly spec: NodeSpec;
}

/** The claims of all Nodes on one network, by name. */
export function claimsOn(
  network: string,
  domain: string | undefined,
  nodes: readonly NodeManifest[],
): Claim[] {
  const claims = nodes.flatMap(({ name, spec }) =>
    spec.networks.flatMap((attachment, index): Claim[] => {
      if (attachment.network !== network) return [];
      const aliases = index === 0 ? spec.dnsAliases.map((alias) => aliasName(alias, domain)) : [];
      return [
        {
          node: name,
          mac: attachmentMac(name, attachment),
          hostnames: [...new Set([fqdn(name, domain), ...aliases])],
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
  /** Directories that dnsmasq reads beside libvirt's files. */
  readonly hostDirs: { readonly dhcp: string; readonly dns: string };
}

export interface Refusal {
  readonly node: string;
  readonly reason: string;
  readonly message: string;
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
    bridge: spec.bridge.name ?? config?.bridge?.name ?? bridgeName(name),
    gateway: fromNumber(gateway),
    netmask,
    range: { start: fromNumber(dhcp.start), end: fromNumber(dhcp.end) },
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
  const foreign = (config?.hosts ?? []).filter((host) => !marked.some(({ mac }) => mac === host.mac));
  const addresses = allocateAddresses(input, nodes, heldReservations(input, claims, kept));
  const pods = allocatePodCidrs(input, nodes, podsHeld(marked));
  const refusals: Refusal[] = [...addresses.errors, ...pods.errors];
  const entries = claims.flatMap((claim): NetworkEntry[] => {
    const ip = addresses.assigned.get(claim.node);
    if (ip === undefined) return [];
    const holder = [...kept, ...foreign].find((other) => other.ip === ip && other.mac !== claim.mac);
    const named = config?.dns.hosts.find((host) => isForeignName(host, claim, marked, ip));
    if (holder !== undefined || named !== undefined) {
      refusals.push({ node: claim.node, ...refusal(claim, ip, holder) });
      return marked.filter((entry) => entry.node === claim.node);
    }
    const podCIDR = pods.assigned.get(claim.node);
    const { node, mac, hostnames } = claim;
    return [{ node, mac, ip, ...(podCIDR === undefined ? {} : { podCIDR }), hostnames }];
  });
  return { entries: [...entries, ...kept], refusals };
}

/** What is reserved now: a Node keeps its address under a new MAC too, and what a removed one had is free again. */
function heldReservations(
  input: DesireNetworkInput,
  claims: readonly Claim[],
  kept: readonly NetworkEntry[],
): { mac: string; ip: string }[] {
  const marked = input.config?.mark?.entries ?? [];
  return (input.config?.hosts ?? []).flatMap(({ mac, ip }) => {
    const entry = marked.find((candidate) => candidate.mac === mac);
    if (mac === undefined) return [];
    if (entry === undefined || kept.includes(entry)) return [{ mac, ip }];
    const claim = claims.find(({ node }) => node === entry.node);
    return claim === undefined ? [] : [{ mac: claim.mac, ip }];
  });
}

function isForeignName(
  host: NetworkModel['dns']['hosts'][number],
  claim: Claim,
  marked: readonly NetworkEntry[],
  ip: string,
): boolean {
  if (host.ip === ip) return false;
  const ours = new Set(marked.flatMap(({ hostnames }) => hostnames));
  return host.hostnames.some((name) => claim.hostnames.includes(name) && !ours.has(name));
}

function refusal(claim: Claim, ip: string, holder: object | undefined): { reason: string; message: string } {
  const why =
    holder === undefined
      ? `the network already has a name of it (${claim.hostnames.join(', ')}) with another address`
      : `the network already reserves ${ip} for ${describe(holder)}`;
  return { reason: 'Conflict', message: `${why}; that entry was not made by k8slab and stays` };
}

function describe(holder: { node?: string; mac?: string; name?: string }): string {
  return holder.node ?? holder.name ?? holder.mac ?? 'another machine';
}

function podsHeld(entries: readonly NetworkEntry[]): Map<string, string> {
  return new Map(entries.flatMap(({ node, podCIDR }) => (podCIDR === undefined ? [] : [[node, podCIDR]])));
}
