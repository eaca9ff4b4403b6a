import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createWorkQueue, type Priority, type WorkQueue } from '../../src/engine/work-queue.ts';
import { createFakeClock, settle, type FakeClock } from './fake-clock.ts';

type Step =
  | { readonly do: 'add'; readonly key: string; readonly priority: Priority }
  | { readonly do: 'addRateLimited' | 'forget' | 'done'; readonly key: string }
  | { readonly do: 'addAfter'; readonly key: string; readonly ms: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'get' };

/** What must hold of the queue, said with sets and no order. */
interface Model {
  /** Keys somebody asked for since they were last handed out. */
  readonly wanted: Map<string, Priority>;
  readonly due: Map<string, { readonly at: number; readonly priority: Priority }>;
  readonly inWork: Map<string, Priority>;
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

const PRIORITIES: readonly Priority[] = ['resync', 'event', 'edit'];
const KEYS = ['a', 'b', 'c', 'd'];
const BASE_MS = 20;
const CAP_MS = 100;

const key = fc.constantFrom(...KEYS);
const ms = fc.nat(120);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('add' as const), key, priority: fc.constantFrom(...PRIORITIES) }),
  fc.record({ do: fc.constantFrom('addRateLimited' as const, 'forget' as const), key }),
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
    model: { wanted: new Map(), due: new Map(), inWork: new Map(), failures: new Map() },
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
      want(model, next.key, next.priority);
      queue.add(next.key, next.priority);
      return;
    case 'addAfter':
      delay(bed, next.key, next.ms, next.ms === 0 ? (model.inWork.get(next.key) ?? 'resync') : 'resync');
      queue.addAfter(next.key, next.ms);
      return;
    case 'addRateLimited': {
      const failures = model.failures.get(next.key) ?? 0;
      model.failures.set(next.key, failures + 1);
      delay(bed, next.key, Math.min(CAP_MS, BASE_MS * 2 ** failures), model.inWork.get(next.key) ?? 'resync');
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
    for (const [due, { at, priority }] of [...model.due]) {
      if (at > now) continue;
      model.due.delete(due);
      want(model, due, priority);
    }
    await clock.advance(1);
  }
}

function delay({ clock, model }: Bed, delayed: string, delayMs: number, priority: Priority): void {
  if (delayMs === 0) {
    want(model, delayed, priority);
    return;
  }
  const before = model.due.get(delayed);
  model.due.set(delayed, {
    at: Math.min(before?.at ?? Infinity, clock.monotonic() + delayMs),
    priority: highest([priority, before?.priority ?? 'resync']),
  });
}

function want({ wanted }: Model, key: string, priority: Priority): void {
  wanted.set(key, highest([priority, wanted.get(key) ?? 'resync']));
}

function highest(priorities: readonly Priority[]): Priority {
  return PRIORITIES[Math.max(0, ...priorities.map((each) => PRIORITIES.indexOf(each)))] ?? 'resync';
}

function handedOut(bed: Bed, got: string | undefined): void {
  const { inWork, wanted, due } = bed.model;
  bed.getters -= 1;
  if (got === undefined) return;
  if (inWork.has(got)) bed.violations.push(`${got} was handed out while in work`);
  const priority = wanted.get(got);
  if (priority === undefined)
    bed.violations.push(`${got} was handed out although nobody wanted it, or too early`);
  const free = [...wanted].filter(([key]) => !inWork.has(key)).map(([, each]) => each);
  if (priority !== highest(free))
    bed.violations.push(`${got} was handed out before one of a higher priority`);
  wanted.delete(got);
  // What it was to be looked at for later is seen now.
  due.delete(got);
  inWork.set(got, priority ?? 'resync');
}

/** A worker that waits and a key that is wanted and free cannot both be. */
function checkServed({ model, queue, getters, violations }: Bed): void {
  assert.deepEqual(violations, []);
  const free = [...model.wanted.keys()].filter((wanted) => !model.inWork.has(wanted));
  assert.ok(getters === 0 || free.length === 0, `${free.join()} wait although a worker does`);
  const { edit, event, resync } = queue.figures().depth;
  assert.equal(edit + event + resync, free.length);
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
