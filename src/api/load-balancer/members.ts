import { entryOf } from '../ipam/by-node.ts';
import { findCondition, isTrue, READY, SYNCED } from '../conditions.ts';
import type { FrontendSpec, LoadBalancerSpec } from './spec.ts';
import { isRemoved, wasLookedAt } from '../meta.ts';
import { indexServers, type HaproxyStats, type ServerIndex } from './haproxy-stats.ts';
import { backendName, type Server } from './render.ts';
import type { ObjectOf } from '../meta.ts';

export interface Members {
  /** The servers of each frontend, in the order of `spec.frontends`, by the Nodes' names. */
  readonly servers: readonly (readonly Server[])[];
  /** Nodes of which it is not known whether they are there: the list is no good yet. */
  readonly unknown: readonly string[];
  /** Frontends none of whose Nodes is Ready: all of them are tried. */
  readonly noneReady: readonly string[];
}

type Networks = ReadonlyMap<string, ObjectOf<'Network'>>;

/** The servers as HAProxy has them now; undefined: it did not tell. */
export type ServersBefore = HaproxyStats['servers'] | undefined;

/**
 * Who answers behind each frontend. A Node that could not be looked at keeps its server as it was. A Node that is not Ready stays in the list, disabled; where none is Ready all are
 * enabled, since HAProxy's own checks know better then than we do.
 */
export function loadBalancerMembers(
  spec: LoadBalancerSpec,
  nodes: readonly ObjectOf<'Node'>[],
  networks: readonly ObjectOf<'Network'>[],
  before?: ServersBefore,
): Members {
  const told = before && indexServers(before);
  const byName = new Map(networks.map((network) => [network.metadata.name, network]));
  const sorted = nodes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const pools = spec.frontends.map((frontend) => ({
    frontend,
    nodes: sorted.filter((node) => isMember(spec, frontend, node)),
  }));
  const unknown = new Set<string>();
  const listed = pools.map(({ frontend, nodes: members }) => ({
    name: frontend.name,
    servers: members.flatMap((node) => {
      const kept = keptServer(frontend, node, byName, told);
      if (kept === undefined && !isKnown(node, byName, before !== undefined)) unknown.add(node.metadata.name);
      return kept ?? serverOf(frontend, node, byName);
    }),
  }));
  const dead = new Set(listed.filter(({ servers }) => servers.every(({ enabled }) => !enabled)));
  return {
    servers: listed.map((each) =>
      dead.has(each) ? each.servers.map((server) => ({ ...server, enabled: true })) : each.servers,
    ),
    unknown: [...unknown],
    noneReady: [...dead].map(({ name }) => name),
  };
}

/** The Node of HAProxy itself is never behind it, and one that shall not run or that is on its way out serves nothing. */
function isMember(spec: LoadBalancerSpec, { backend }: FrontendSpec, member: ObjectOf<'Node'>): boolean {
  const { metadata, spec: node } = member;
  if (metadata.name === spec.node || node.power === 'Stopped' || isRemoved(member)) return false;
  if (backend.role !== undefined && node.role !== backend.role) return false;
  return Object.entries(backend.labels ?? {}).every(([key, value]) => metadata.labels?.[key] === value);
}

/** Its address is what the network reserves: that is one write for all Nodes that move. */
function serverOf({ backend }: FrontendSpec, node: ObjectOf<'Node'>, networks: Networks): Server[] {
  const { name } = node.metadata;
  const network = networks.get(node.spec.networks[0]?.network ?? '');
  const entry = entryOf(network?.status.entries, name);
  if (entry === undefined) return [];
  const settled = node.status.address === entry.ip;
  return [
    {
      node: name,
      name: entry.hostnames[0] ?? name,
      address: entry.ip,
      port: backend.port,
      enabled: settled && isUp(node),
    },
  ];
}

/** Of a Node that nobody could look at since the daemon started, the server that HAProxy has. */
function keptServer(
  frontend: FrontendSpec,
  node: ObjectOf<'Node'>,
  networks: Networks,
  told: ServerIndex | undefined,
): Server | undefined {
  if (told === undefined || wasLookedAt(node)) return undefined;
  const { name } = node.metadata;
  const network = networks.get(node.spec.networks[0]?.network ?? '');
  const entry = entryOf(network?.status.entries, name);
  const backend = backendName(frontend);
  const found =
    entry === undefined ? told.ofNode(backend, name) : told.named(backend, entry.hostnames[0] ?? name);
  const address = entry?.ip ?? found?.address;
  if (found === undefined || address === undefined) return undefined;
  return {
    node: name,
    name: found.server,
    address,
    port: frontend.backend.port,
    enabled: !found.state.startsWith('MAINT'),
  };
}

/** A pass that failed says nothing about the guest: what was seen of it last counts. */
function isUp({ status: { conditions } }: ObjectOf<'Node'>): boolean {
  if (findCondition(conditions, SYNCED)?.status !== 'False') return isTrue(conditions, READY);
  return isTrue(conditions, 'AddressBound') && isTrue(conditions, 'SSHReachable');
}

/** @param told HAProxy told its servers, among which the Node's is not */
function isKnown(node: ObjectOf<'Node'>, networks: Networks, told: boolean): boolean {
  const { status, spec } = node;
  const ready = findCondition(status.conditions, READY)?.status;
  const tried = told ? ready !== undefined : ready === 'False';
  if (!wasLookedAt(node) && !tried) return false;
  const network = networks.get(spec.networks[0]?.network ?? '');
  // A guest that is there does not go because its Network's manifest did.
  if (network === undefined) return status.state === undefined;
  return wasLookedAt(network);
}
