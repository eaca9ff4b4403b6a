import assert from 'node:assert/strict';
import { test } from 'node:test';
import { condition } from '../../src/api/conditions.ts';
import type { Condition } from '../../src/api/meta.ts';
import { createStoreSink, type StatusSink } from '../../src/engine/status-sink.ts';
import { createBed, node, type Bed, type Kinds } from './store-bed.ts';

const T0 = '2026-01-01T00:00:00Z';
const T1 = '2026-01-01T00:01:00Z';
const READY = condition('Ready', 'True', 'Running');

function createSinkBed(remembered: readonly Condition[] = []): Bed & { sink: StatusSink<Kinds> } {
  const bed = createBed();
  const sink = createStoreSink({ store: bed.store, clock: bed.clock, remembered: () => remembered });
  return { ...bed, sink };
}

function times({ store }: Bed): unknown {
  return store.get('Node', 'master00')?.status.conditions.map((each) => each.lastTransitionTime);
}

test('a condition keeps its time while its status stays, and gets the present one when it changes', async () => {
  const bed = createSinkBed();
  const { object } = bed.store.apply('Node', node);
  await bed.sink.write(object, { conditions: [READY], observedGeneration: 1 });
  await bed.clock.advance(60_000);

  await bed.sink.write(object, { conditions: [condition('Ready', 'True', 'Better')], observedGeneration: 1 });
  assert.deepEqual(times(bed), [T0]);
  await bed.sink.write(object, { conditions: [condition('Ready', 'False', 'Off')], observedGeneration: 1 });

  assert.deepEqual(times(bed), [T1]);
});

test('U10: a condition that is as it was before the restart keeps its time from then', async () => {
  const before = { ...READY, lastTransitionTime: '2020-05-05T05:05:05Z' };
  const bed = createSinkBed([before]);
  const { object } = bed.store.apply('Node', node);

  const synced = condition('Synced', 'True', 'Reconciled');
  await bed.sink.write(object, { conditions: [READY, synced], observedGeneration: 1 });

  assert.deepEqual(times(bed), ['2020-05-05T05:05:05Z', T0]);
});

test('U10: what is not as it was before the restart changed now', async () => {
  const before = { ...condition('Ready', 'False', 'Off'), lastTransitionTime: '2020-05-05T05:05:05Z' };
  const bed = createSinkBed([before]);
  const { object } = bed.store.apply('Node', node);

  await bed.sink.write(object, { conditions: [READY], observedGeneration: 1 });

  assert.deepEqual(times(bed), [T0]);
});

test('the status of an object that is gone, or of one that came after it, is not written', async () => {
  const bed = createSinkBed();
  const { object } = bed.store.apply('Node', node);
  bed.store.remove('Node', 'master00');
  bed.store.apply('Node', node);

  await bed.sink.write(object, { conditions: [READY] });
  await bed.sink.finalize(object);

  assert.deepEqual(bed.store.get('Node', 'master00')?.status.conditions, []);
  assert.equal(bed.store.get('Node', 'master00')?.metadata.deletionTimestamp, undefined);
});

test('an object of which nothing is left goes, also one that was never marked', async () => {
  const bed = createSinkBed();
  const { object } = bed.store.apply('Node', node);

  await bed.sink.finalize(object);

  assert.equal(bed.store.get('Node', 'master00'), undefined);
});
