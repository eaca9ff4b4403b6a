import { KINDS } from '../src/api/kinds/list.ts';
import { waitingRule, type WaitingReason } from '../src/api/disruption/waiting.ts';
import { CONDITIONS } from '../src/api/reference/conditions.ts';
import { REASONS } from '../src/api/reference/reasons.ts';
import { STEPS } from '../src/api/reference/steps.ts';

const ENDED_BY = {
  event: 'something else that comes about',
  guest: 'the guest',
  time: 'time',
  user: 'you',
} as const;

/** docs/events-and-conditions.md: what objects say of themselves. */
export function conditionsPage(): string {
  return [
    '# Conditions, reasons and events',
    '',
    '<!-- made by npm run generate: edit src/api/reference -->',
    '',
    'An object says how it is by conditions, as in Kubernetes: a type, a status (`True`, `False`, `Unknown`), a reason in one word and a',
    'message that says what to do about it. `k8slab get` shows the reason of `Ready`, and what waits beside it, as STATUS;',
    '`k8slab get -o yaml` shows all of them, [metrics](metrics.md) have them as `k8slab_object_condition`.',
    '',
    '## Conditions',
    '',
    'Where all is well a condition is `True`, or is not there.',
    '',
    '| condition | of | well | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.entries(CONDITIONS).map(
      ([type, { kinds, well, meaning }]) =>
        `| \`${type}\` | ${kinds.length === KINDS.all.length ? 'all' : kinds.join(', ')} | ${well} | ${meaning} |`,
    ),
    '',
    '## Why an object waits',
    '',
    'Reasons of `Ready` or of a condition of their own. *Ends by* says who brings it to an end. A call that fails has a reason of its own,',
    'such as `LibvirtUnreachable`, `NoSpace` or `SourceNotFound`, with the cause and a hint in the message; it is tried again by itself.',
    '',
    '| reason | meaning | keeps from being True | ends by |',
    '| --- | --- | --- | --- |',
    ...Object.entries(REASONS).map(([reason, meaning]) => {
      const { blocks, endedBy } = waitingRule({ reason: reason as WaitingReason });
      const blocked = blocks.replaceAll(
        /ready|synced/g,
        (word) => `\`${word === 'ready' ? 'Ready' : 'Synced'}\``,
      );
      return `| \`${reason}\` | ${meaning} | ${blocked} | ${ENDED_BY[endedBy]} |`;
    }),
    '',
    '## Events',
    '',
    'Each step that was done leaves an event of type `Normal` whose reason is the step, as `k8slab plan` names it. A pass that fails leaves',
    'one of type `Warning` with the reason of the failure; packages that could not be updated leave `UpdateFailed`. An object that is gone',
    'leaves `Removed`, and what a person asks for by `k8slab restart` or `start` leaves `RestartRequested` or `StartRequested`.',
    '',
    '| reason | what was done |',
    '| --- | --- |',
    ...Object.entries(STEPS).map(([step, meaning]) => `| \`${step}\` | ${meaning} |`),
    '',
  ].join('\n');
}
