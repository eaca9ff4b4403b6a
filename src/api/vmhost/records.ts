import { entryOf } from '../ipam/by-node.ts';
import { isElsewhere, wasLookedAt, type ObjectOf } from '../meta.ts';
import type { HostRecord, JumpHost } from './render.ts';

export interface NamedWorld {
  readonly nodes: readonly ObjectOf<'Node'>[];
  readonly networks: readonly ObjectOf<'Network'>[];
  /** The others that share a lab with it; left out: none do. */
  readonly vmhosts?: readonly ObjectOf<'Vmhost'>[];
  /** What the files say now, see readRecords. */
  readonly before: ReadonlyMap<string, HostRecord>;
  /** Whether there may be a Node that is not among `nodes`: its lines stay. */
  readonly mayExist: (node: string) => boolean;
}

export interface HostRecords {
  readonly records: readonly HostRecord[];
  /** Nodes of this vmhost whose records are as they were, since nobody could look at them. */
  readonly kept: readonly string[];
}

/** Who the vmhost's files name. A Node that could not be looked at keeps what they say of it; all others go on. */
export function hostRecords({ nodes, networks, vmhosts = [], before, mayExist }: NamedWorld): HostRecords {
  const jumps = new Map(vmhosts.flatMap((vmhost) => jumpOf(vmhost)));
  const byName = new Map(networks.map((network) => [network.metadata.name, network]));
  const kept: string[] = [];
  const records = nodes.flatMap((node): HostRecord[] => {
    const { name } = node.metadata;
    const network = byName.get(node.spec.networks[0]?.network ?? '');
    const old = before.get(name);
    const unknown = network !== undefined && !wasLookedAt(network);
    if (!node.spec.hostsEntry) return [];
    if (!isElsewhere(node) && (!wasLookedAt(node) || unknown)) kept.push(name);
    if (!unknown)
      return recordOf(node, network, { old, jump: jumps.get(node.origin?.elsewhere?.vmhost ?? '') });
    return old === undefined ? [] : [{ ...old, ...fromManifest(node) }];
  });
  const named = new Set(nodes.map(({ metadata }) => metadata.name));
  const others = [...before.values()].filter(({ node }) => !named.has(node) && mayExist(node));
  if (others.length === 0) return { records, kept };
  const all = [...records, ...others].toSorted((a, b) => (a.node < b.node ? -1 : 1));
  return { records: all, kept: [...kept, ...others.map(({ node }) => node)] };
}

/** Addresses and names come from the network, which is what guests and DNS go by. */
function recordOf(
  node: ObjectOf<'Node'>,
  network: ObjectOf<'Network'> | undefined,
  { old, jump }: { readonly old: HostRecord | undefined; readonly jump: JumpHost | undefined },
): HostRecord[] {
  const { name } = node.metadata;
  const entry = entryOf(network?.status.entries, name);
  if (entry === undefined) return [];
  const [fqdn = name, ...aliases] = entry.hostnames;
  const hostKey = node.status.sshHostKey ?? (wasLookedAt(node) ? undefined : old?.hostKey);
  return [
    {
      node: name,
      fqdn,
      aliases,
      address: entry.ip,
      ...fromManifest(node),
      ...(hostKey === undefined ? {} : { hostKey }),
      ...(jump === undefined ? {} : { jump }),
      ...(node.spec.policy.adopt && hostKey === undefined ? { unpinned: true } : {}),
    },
  ];
}

function fromManifest({ spec }: ObjectOf<'Node'>): Pick<HostRecord, 'user' | 'role'> {
  return { user: spec.ssh.user, ...(spec.role === undefined ? {} : { role: spec.role }) };
}

function jumpOf({ metadata, status }: ObjectOf<'Vmhost'>): [string, JumpHost][] {
  const [address] = status.addresses ?? [];
  if (address === undefined) return [];
  const { sshHostKey: hostKey } = status;
  return [[metadata.name, { address, ...(hostKey === undefined ? {} : { hostKey }) }]];
}
