import type { Lab, LabNode, Resources } from './lab.ts';
import { createRequests, plus } from './resources.ts';

/**
 * Nodes that wait for a vmhost and have to go to the same one, since Networks without an overlay connect them. The first of them
 * decides for all, so it looks for a vmhost with room for all.
 */
export interface Groups {
  /** What its group asks in all; undefined: it is alone, or its group has a vmhost. */
  needs(node: LabNode): Resources | undefined;
  /** The vmhost of its group, once one of them was bound. */
  vmhost(node: LabNode): string | undefined;
  settle(node: LabNode, vmhost: string): void;
}

export function createGroups(lab: Lab): Groups {
  const requests = createRequests(lab);
  const flat = new Set(
    lab.networks.filter(({ asked }) => asked?.hasOverlay === false).map(({ name }) => name),
  );
  const waiting = lab.nodes.filter(({ vmhost, isRemoved }) => vmhost === undefined && !isRemoved);
  const parents = new Map<string, string>();

  function root(network: string): string {
    let at = network;
    for (let next = parents.get(at); next !== undefined; next = parents.get(at)) at = next;
    if (at !== network) parents.set(network, at);
    return at;
  }

  const flatOf = ({ asked }: LabNode): string[] =>
    (asked?.networks ?? []).map(({ network }) => network).filter((network) => flat.has(network));
  const groupOf = (node: LabNode): string | undefined => {
    const [first] = flatOf(node);
    return first === undefined ? undefined : root(first);
  };
  for (const node of waiting) {
    const [first, ...others] = flatOf(node);
    if (first === undefined) continue;
    for (const other of others) if (root(other) !== root(first)) parents.set(root(other), root(first));
  }
  const needs = new Map<string, Resources>();
  for (const node of waiting) {
    const group = groupOf(node);
    if (group === undefined) continue;
    const before = needs.get(group);
    needs.set(group, before === undefined ? requests(node) : plus(before, requests(node)));
  }
  const settled = new Map<string, string>();
  const ofGroup = <T>(map: ReadonlyMap<string, T>, node: LabNode): T | undefined =>
    map.get(groupOf(node) ?? '');
  return {
    needs: (node) => (ofGroup(settled, node) === undefined ? ofGroup(needs, node) : undefined),
    vmhost: (node) => ofGroup(settled, node),
    settle(node, vmhost) {
      const group = groupOf(node);
      if (group !== undefined && !settled.has(group)) settled.set(group, vmhost);
    },
  };
}
