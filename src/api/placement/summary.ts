import { condition, READY } from '../conditions.ts';
import type { VmhostState } from '../kinds/vmhost-states.ts';
import type { ConditionInput } from '../meta.ts';
import type { LabVmhost } from './lab.ts';

/** So many vmhosts are told of one by one. */
const NAMED = 3;

/** Whether an object that several vmhosts have works, on all of them that have registered. */
export function summarise(
  states: readonly VmhostState[],
  vmhosts: ReadonlyMap<string, Pick<LabVmhost, 'away'>>,
): ConditionInput {
  const known = states.flatMap((state): VmhostState[] => {
    const vmhost = vmhosts.get(state.name);
    if (vmhost === undefined) return [];
    return [
      vmhost.away
        ? { ...state, ready: 'Unknown', reason: 'VmhostAway', message: 'the vmhost is away' }
        : state,
    ];
  });
  if (known.length === 0) return condition(READY, 'Unknown', 'Unused', 'no vmhost has a Node that needs it');
  const others = known.filter(({ ready }) => ready !== 'True').toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const count = `ready on ${known.length - others.length} of ${known.length}`;
  const [first] = others;
  if (first === undefined) return condition(READY, 'True', 'Ready', count);
  const worst = others.find(({ ready }) => ready === 'False') ?? first;
  const told = others
    .slice(0, NAMED)
    .map(({ name, message, reason }) => `${name}: ${message === '' ? reason : message}`);
  const more = others.length > NAMED ? `; and ${others.length - NAMED} more` : '';
  return condition(READY, worst.ready, worst.reason, `${count}: ${told.join('; ')}${more}`);
}
