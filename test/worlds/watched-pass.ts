import assert from 'node:assert/strict';
import type { PlannedObject } from '../../src/api/disruption/action.ts';
import type { Kind } from '../../src/api/meta.ts';
import { createRecordingLogger, type RecordingLogger } from '../engine/recording-logger.ts';
import type { Process } from '../faults/process.ts';
import type { Policies } from './policies.ts';

/** One step of a plan, or of what was done: `type disruption: why`. */
type Told = string;

/** A pass that does what `k8slab plan` said just before it, and nothing that policy forbids. */
export async function watchedPass(
  daemon: Process,
  [kind, name]: readonly [Kind, string],
  policies: Policies,
): Promise<void> {
  const { bed, injector } = daemon;
  const failed = injector.failures();
  const before = bed.world.calls.length;
  const planned = await daemon.plan(kind, name);
  assert.deepEqual(bed.world.calls.slice(before), [], `planning ${kind}/${name} changes nothing`);
  const judge = policies.before(bed, kind, name);
  const log = createRecordingLogger();
  const error = await daemon.pass(kind, name, log);
  judge(bed.world.calls.slice(before));
  if (injector.failures() === failed && !injector.killed()) checkDone(planned, log, error);
}

function checkDone(planned: PlannedObject, { lines }: RecordingLogger, failure: unknown): void {
  const what = `what was done for ${planned.kind}/${planned.name} is what was planned`;
  const wanted = planned.actions.map(
    ({ type, disruption, reason }): Told => `${type} ${disruption}: ${reason}`,
  );
  const done = lines
    .filter(({ message }) => message === 'executing')
    .map(
      ({ fields }): Told =>
        `${String(fields['action'])} ${String(fields['disruption'])}: ${String(fields['why'])}`,
    );
  // What comes after a step that failed is not done.
  assert.deepEqual(done, failure === undefined ? wanted : wanted.slice(0, done.length), what);
}
