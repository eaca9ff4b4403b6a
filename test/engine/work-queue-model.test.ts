import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWorkQueue, type WorkQueue } from '../../src/engine/work-queue.ts';
import { createFakeClock, settle, type FakeClock } from './fake-clock.ts';

type Step =
  | { readonly do: 'add' | 'addRateLimited' | 'forget' | 'done'; readonly key: string }
  | { readonly do: 'addAfter'; readonly key: string; readonly ms: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'get' };

/** What must hold of the queue, said with sets and no order. */
interface Model {
  /** Keys somebody asked for since they were last handed out. */
  readonly wanted: Set<string>;
  readonly due: Map<string, number>;
  readonly inWork: Set<string>;
  readonly failures: Map<string, number>;
}

interface Bed {
  readonly queue: WorkQueue;
  readonly clock: FakeClock;
  readonly model: Model;
  /** Calls of get that have not been answered. */
  getters: number;
  readonly violations: string[];
}

const KEYS = ['a', 'b', 'c', 'd'];
const BASE_MS = 20;
const CAP_MS = 100;

const key = fc.constantFrom(...KEYS);
const ms = fc.nat(120);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constantFrom('add' as const, 'addRateLimited' as const, 'forget' as const), key }),
  fc.record({ do: fc.constant('done' as const), key }),
  fc.record({ do: fc.constant('addAfter' as const), key, ms }),
  fc.record({ do: fc.constant('advance' as const), ms }),
  fc.constant({ do: 'get' as const }),
  fc.constant({ do: 'get' as const }),
);

function createBed(): Bed {
  const clock = createFakeClock();
  const options = { baseMs: BASE_MS, maxMs: CAP_MS, random: () => 0.5 };
  return {
    clock,
    queue: createWorkQueue({ name: 'model', clock, ...options }),
    model: { wanted: new Set(), due: new Map(), inWork: new Set(), failures: new Map() },
    getters: 0,
    violations: [],
  };
}

async function run(bed: Bed, steps: readonly Step[]): Promise<void> {
  for (const next of steps) {
    await act(bed, next);
    await settle();
    checkServed(bed);
  }
}

async function act(bed: Bed, next: Step): Promise<void> {
  const { queue, clock, model } = bed;
  switch (next.do) {
    case 'add':
      model.wanted.add(next.key);
      queue.add(next.key);
      return;
    case 'addAfter':
      delay(bed, next.key, next.ms);
      queue.addAfter(next.key, next.ms);
      return;
    case 'addRateLimited': {
      const failures = model.failures.get(next.key) ?? 0;
      model.failures.set(next.key, failures + 1);
      delay(bed, next.key, Math.min(CAP_MS, BASE_MS * 2 ** failures));
      queue.addRateLimited(next.key);
      return;
    }
    case 'forget':
      model.failures.delete(next.key);
      queue.forget(next.key);
      return;
    case 'done':
      model.inWork.delete(next.key);
      queue.done(next.key);
      return;
    case 'get':
      bed.getters += 1;
      void queue.get().then((got) => handedOut(bed, got));
      return;
    case 'advance':
      await advance(bed, next.ms);
      assert.equal(clock.pendingTimers() > 0, model.due.size > 0);
  }
}

/** The model moves the due keys over before the queue may hand them out: it does so at the very millisecond. */
async function advance({ clock, model }: Bed, total: number): Promise<void> {
  for (let passed = 0; passed < total; passed += 1) {
    const now = clock.monotonic() + 1;
    for (const [due, at] of [...model.due]) {
      if (at > now) continue;
      model.due.delete(due);
      model.wanted.add(due);
    }
    await clock.advance(1);
  }
}

function delay({ clock, model }: Bed, delayed: string, delayMs: number): void {
  if (delayMs === 0) model.wanted.add(delayed);
  else model.due.set(delayed, Math.min(model.due.get(delayed) ?? Infinity, clock.monotonic() + delayMs));
}

function handedOut(bed: Bed, got: string | undefined): void {
  const { inWork, wanted } = bed.model;
  bed.getters -= 1;
  if (got === undefined) return;
  if (inWork.has(got)) bed.violations.push(`${got} was handed out while in work`);
  if (!wanted.delete(got))
    bed.violations.push(`${got} was handed out although nobody wanted it, or too early`);
  inWork.add(got);
}

/** A worker that waits and a key that is wanted and free cannot both be. */
function checkServed({ model, queue, getters, violations }: Bed): void {
  assert.deepEqual(violations, []);
  const free = [...model.wanted].filter((wanted) => !model.inWork.has(wanted));
  assert.ok(getters === 0 || free.length === 0, `${free.join()} wait although a worker does`);
  assert.equal(queue.figures().depth, free.length);
  for (const each of KEYS) assert.equal(queue.numRequeues(each), model.failures.get(each) ?? 0);
}

test('no key is in work twice, none is lost, none is early, delayed ones only move earlier', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
      const bed = createBed();

      await run(bed, steps);
      await run(bed, [
        { do: 'advance', ms: 121 },
        ...Array.from({ length: 8 }, () => ({ do: 'get' as const })),
      ]);
      await run(
        bed,
        [...KEYS, ...KEYS].map((each) => ({ do: 'done', key: each })),
      );

      assert.equal(bed.model.wanted.size, 0);
      assert.equal(bed.model.due.size, 0);
    }),
    { numRuns: 150 },
  );
});
