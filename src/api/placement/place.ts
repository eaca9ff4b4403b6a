import { attachments } from './claims.ts';
import { candidateOrder } from './candidates.ts';
import type { Lab, LabAllocation, LabNode, LabVmhost } from './lab.ts';
import { createGroups, type Groups } from './groups.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { obstacle } from './obstacles.ts';
import { createOccupancy, type Occupancy } from './occupancy.ts';
import { best } from './score.ts';
import { whyNowhere, whyThere } from './words.ts';

/** What is to be written: allocations first, and each binding once those of its Node are there. */
export interface Placement {
  readonly bindings: readonly Binding[];
  /** Of each Network whose allocations are to change, all of them. */
  readonly allocations: ReadonlyMap<string, readonly LabAllocation[]>;
  /** Node -> why it is bound nowhere. */
  readonly unschedulable: ReadonlyMap<string, string>;
  /** Bound Node -> what its manifest names and it does not get. */
  readonly refusals: ReadonlyMap<string, string>;
}

export interface Binding {
  readonly node: string;
  readonly vmhost: string;
  /** Why there, in a few words. */
  readonly why: string;
  /** Networks that it needs an allocation of. */
  readonly networks: readonly string[];
  /** The Node that it is a clone of: it is bound first. */
  readonly source?: string;
}

/** Who goes where, with which address. The same lab has the same answer, in whatever order it is told. */
export function place(lab: Lab): Placement {
  const world: World = {
    vmhosts: new Map(lab.vmhosts.toSorted(byName).map((vmhost) => [vmhost.name, vmhost])),
    networks: new Map(lab.networks.map((network) => [network.name, network])),
    nodes: new Map(lab.nodes.map((node) => [node.name, node])),
    occupancy: createOccupancy(lab),
    groups: createGroups(lab),
    ledger: createLedger(lab),
  };
  const bound = lab.nodes.filter(({ vmhost }) => vmhost !== undefined).toSorted(byName);
  const refusals = new Map(bound.flatMap((node) => refusalOf(node, world.ledger)));
  const bindings: Binding[] = [];
  const unschedulable = new Map<string, string>();
  for (const node of candidateOrder(lab.nodes)) {
    const found = placeOne(node, world);
    if (typeof found === 'string') unschedulable.set(node.name, found);
    else bindings.push(found);
  }
  const allocations = lab.networks.flatMap((network) => {
    const wanted = world.ledger.allocations(network);
    return isSame(wanted, network.allocations) ? [] : [[network.name, wanted] as const];
  });
  return { bindings, allocations: new Map(allocations), unschedulable, refusals };
}

interface World {
  readonly vmhosts: ReadonlyMap<string, LabVmhost>;
  readonly networks: ReadonlyMap<string, Lab['networks'][number]>;
  readonly nodes: ReadonlyMap<string, LabNode>;
  readonly occupancy: Occupancy;
  readonly groups: Groups;
  readonly ledger: Ledger;
}

/** A bound Node may lack something: its manifest names another Network, or a network has no place for what it had. */
function refusalOf(node: LabNode, ledger: Ledger): [string, string][] {
  const refused = (node.isRemoved ? undefined : ledger.complete(node)) ?? ledger.refusal(node);
  return refused === undefined ? [] : [[node.name, refused]];
}

/** @returns the binding, or why there is none */
function placeOne(node: LabNode, world: World): Binding | string {
  const { occupancy, groups, ledger } = world;
  const own = ownObstacle(node, world);
  if (own !== undefined) return own;
  const pin = node.asked?.vmhost;
  const asked = pin === undefined ? [...world.vmhosts.values()] : [world.vmhosts.get(pin) ?? pin];
  if (asked.length === 0) return 'no vmhost has registered yet';
  const open: LabVmhost[] = [];
  const refused = asked.flatMap((vmhost) => {
    if (typeof vmhost === 'string') return [];
    const why = obstacle(node, vmhost, occupancy);
    if (why === undefined) open.push(vmhost);
    return why === undefined ? [] : [{ vmhost: vmhost.name, obstacle: why }];
  });
  if (pin !== undefined && refused.length + open.length === 0)
    return `spec.vmhost names "${pin}", and no such vmhost has registered`;
  const found = best(node, open, { occupancy, groups });
  if (found === undefined)
    return `${whyNowhere(refused)}${pin === undefined ? '' : ' (spec.vmhost names it)'}`;
  const without = ledger.complete(node);
  if (without !== undefined) return without;
  const vmhost = found.vmhost.name;
  occupancy.bind(node, vmhost);
  groups.settle(node, vmhost);
  const networks = node.asked === undefined ? [] : attachments(node.asked).map(({ network }) => network);
  const source = node.asked?.disk.cloneOf;
  const why = whyThere(found, { pinned: pin !== undefined, open: open.length, all: asked.length });
  return { node: node.name, vmhost, why, networks, ...(source === undefined ? {} : { source }) };
}

/** What keeps a Node from being anywhere. */
function ownObstacle(node: LabNode, { networks, nodes, occupancy }: World): string | undefined {
  const { asked } = node;
  if (asked === undefined)
    return `its manifest cannot be read: ${node.unreadable ?? 'it is no Node of this release'}`;
  for (const { network: name } of asked.networks) {
    const network = networks.get(name);
    if (network === undefined) return `Network "${name}" is not there`;
    if (network.isRemoved) return `Network "${name}" is being removed`;
    if (network.asked === undefined) return `the manifest of Network "${name}" cannot be read`;
  }
  const { path, cloneOf } = asked.disk;
  if (asked.vmhost === undefined && path !== undefined)
    return `spec.disk.path names a file of one vmhost: say which in spec.vmhost`;
  if (asked.vmhost === undefined && asked.adopts)
    return `spec.policy.adopt takes over a guest of one vmhost: say which in spec.vmhost`;
  if (cloneOf === undefined || occupancy.vmhostOf.has(cloneOf)) return undefined;
  if (!nodes.has(cloneOf)) return `Node "${cloneOf}", of which it is a clone, is not there`;
  return `Node "${cloneOf}", of which it is a clone, is not placed yet`;
}

function isSame(a: readonly LabAllocation[], b: readonly LabAllocation[]): boolean {
  if (a.length !== b.length) return false;
  const before = new Map(b.map((each) => [each.node, each]));
  return a.every(({ node, address, podCIDR }) => {
    const old = before.get(node);
    return old !== undefined && old.address === address && old.podCIDR === podCIDR;
  });
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
