import { findCondition, isTrue, READY, SYNCED } from '../conditions.ts';
import type { FrontendSpec, LoadBalancerSpec } from './spec.ts';
import { isRemoved } from '../meta.ts';
import type { Server } from './render.ts';
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

/**
 * Who answers behind each frontend. A Node that is not Ready stays in the list, disabled; where none is Ready all are
 * enabled, since HAProxy's own checks know better then than we do.
 */
export function loadBalancerMembers(
  spec: LoadBalancerSpec,
  nodes: readonly ObjectOf<'Node'>[],
  networks: readonly ObjectOf<'Network'>[],
): Members {
  const byName = new Map(networks.map((network) => [network.metadata.name, network]));
  const sorted = nodes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const pools = spec.frontends.map((frontend) => ({
    frontend,
    nodes: sorted.filter((node) => isMember(spec, frontend, node)),
  }));
  const members = pools.flatMap((pool) => pool.nodes);
  const listed = pools.map((pool) => ({
    name: pool.frontend.name,
    servers: pool.nodes.flatMap((node) => serverOf(pool.frontend, node, byName)),
  }));
  const dead = listed.filter(({ servers }) => servers.every(({ enabled }) => !enabled));
  return {
    servers: listed.map((each) =>
      dead.includes(each) ? each.servers.map((server) => ({ ...server, enabled: true })) : each.servers,
    ),
    unknown: [
      ...new Set(members.filter((node) => !isKnown(node, byName)).map(({ metadata }) => metadata.name)),
    ],
    noneReady: dead.map(({ name }) => name),
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
  const entry = network?.status.entries?.find((each) => each.node === name);
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

/** A pass that failed says nothing about the guest: what was seen of it last counts. */
function isUp({ status: { conditions } }: ObjectOf<'Node'>): boolean {
  if (findCondition(conditions, SYNCED)?.status !== 'False') return isTrue(conditions, READY);
  return isTrue(conditions, 'AddressBound') && isTrue(conditions, 'SSHReachable');
}

function isKnown(node: ObjectOf<'Node'>, networks: Networks): boolean {
  const { status, spec } = node;
  const looked = status.observedGeneration !== undefined;
  if (!looked && findCondition(status.conditions, READY)?.status !== 'False') return false;
  const network = networks.get(spec.networks[0]?.network ?? '');
  // A guest that is there does not go because its Network's manifest did.
  if (network === undefined) return status.state === undefined;
  return network.status.observedGeneration !== undefined;
}
