import type { PlannedObject } from '../disruption/action.ts';
import { fieldChange, step, type FieldChange } from '../disruption/step.ts';
import { refName } from '../meta.ts';
import type { Lab } from './lab.ts';
import type { Placement } from './place.ts';

/** Why a Node has no vmhost, as its condition Scheduled says it. */
export const UNSCHEDULABLE = 'Unschedulable';

/** What a placement does, as `k8slab plan` shows it: where each Node goes and why, or why nowhere. */
export function plannedPlacement(lab: Pick<Lab, 'networks'>, placement: Placement): PlannedObject[] {
  const addresses = addressesIn(lab, placement);
  const bound = placement.bindings.map(({ node, vmhost, why }): PlannedObject => {
    const changes = [...fieldChange('vmhost', '', vmhost), ...(addresses.get(node) ?? [])];
    return { kind: 'Node', name: node, actions: [step('none', why, { type: 'Bind' }, { changes })] };
  });
  const nowhere = [...placement.unschedulable].map(([name, message]): PlannedObject => {
    return { kind: 'Node', name, actions: [], waiting: { reason: UNSCHEDULABLE, message } };
  });
  return [...bound, ...nowhere].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What Nodes are given that they did not have. */
function addressesIn(
  { networks }: Pick<Lab, 'networks'>,
  { allocations }: Placement,
): Map<string, FieldChange[]> {
  const found = new Map<string, FieldChange[]>();
  for (const { name, allocations: before } of networks) {
    const had = new Map(before.map(({ node, address }) => [node, address]));
    for (const { node, address } of allocations.get(name) ?? []) {
      const changes = fieldChange(`address in ${name}`, had.get(node) ?? '', address);
      found.set(node, [...(found.get(node) ?? []), ...changes]);
    }
  }
  return found;
}

/** One entry for each object: what is to be done by others comes before what is done here. */
export function withPlacement(
  planned: readonly PlannedObject[],
  placed: readonly PlannedObject[],
): PlannedObject[] {
  const before = new Map(placed.map((each) => [refName(each), each]));
  const here = planned.map((each) => {
    const first = before.get(refName(each));
    before.delete(refName(each));
    return first === undefined ? each : { ...first, ...each, actions: [...first.actions, ...each.actions] };
  });
  return [...before.values(), ...here];
}
