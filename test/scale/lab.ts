import { KINDS } from '../../src/api/kinds/list.ts';
import type { Kind } from '../../src/api/meta.ts';
import { createQueues, type Queues } from '../../src/daemon/controllers.ts';
import { enqueueAll, startTriggers, type Enqueue } from '../../src/daemon/triggers.ts';
import { startWatches, type WatchDeps } from '../../src/daemon/watches.ts';
import { createController } from '../../src/engine/controller.ts';
import { createMetrics } from '../../src/engine/metrics.ts';
import { createReleasers } from '../../src/engine/releasers.ts';
import { createBed, type Bed } from '../controllers/bed.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';
import { createGuests } from '../worlds/guests.ts';

const QUIET_MS = 1000;

/** What was done since the last time it was asked. */
export interface Counts {
  /** Passes of each object, by `Kind/name`. */
  readonly passes: ReadonlyMap<string, number>;
  readonly total: number;
  /** Calls of libvirt by name, those that only read too. */
  readonly libvirt: ReadonlyMap<string, number>;
  /** Calls that changed libvirt, files or guests. */
  readonly changes: readonly string[];
}

/** The daemon's queues, triggers, watches and controllers over a vmhost in memory, whose guests boot at once. */
export interface RunningLab {
  readonly bed: Bed;
  /** Lets time pass, in steps in which everything that is due is done. */
  run(ms: number): Promise<void>;
  /** Until nothing is queued and nothing changes. */
  settle(): Promise<void>;
  /** Everything is looked at again. */
  resync(): void;
  take(): Counts;
  stop(): Promise<void>;
}

export function startLab(prepare: (bed: Bed) => void): RunningLab {
  const bed: Bed = createBed({
    boots: Infinity,
    onJob: (kind, name) => enqueue(kind, name),
  });
  const { world, store, clock } = bed;
  const releasers = createReleasers();
  const queues = createQueues(clock, createMetrics({ version: 'test' }));
  const enqueue: Enqueue = (kind, name, delayMs, priority) => {
    if (delayMs === undefined) queues[kind].add(name, priority);
    else queues[kind].addAfter(name, delayMs, priority);
  };
  const guests = createGuests(world);
  let passes = new Map<string, number>();
  startTriggers(KINDS, store, enqueue);
  for (const { kind, workers } of KINDS.all)
    startController(bed, queues, { kind, workers }, (name) => count(passes, `${kind}/${name}`));
  startWatches(watchDeps(bed, enqueue), releasers);
  prepare(bed);
  enqueueAll(store, enqueue);

  async function run(ms: number): Promise<void> {
    await clock.advance(ms);
    guests.act();
  }
  return {
    bed,
    run,
    async settle() {
      for (let before = -1; before !== world.calls.length + sum(passes);) {
        before = world.calls.length + sum(passes);
        for (let steps = 0; steps < 5; steps += 1) await run(QUIET_MS);
      }
    },
    resync: () => enqueueAll(store, enqueue),
    take() {
      const taken = { passes, total: sum(passes), libvirt: new Map(world.counts), changes: [...world.calls] };
      passes = new Map();
      world.counts.clear();
      world.calls.length = 0;
      guests.forget();
      return taken;
    },
    async stop() {
      await releasers.releaseAll();
      await Promise.all(Object.values(queues).map((queue) => queue.shutDown()));
    },
  };
}

function startController(
  bed: Bed,
  queues: Queues,
  {
    kind,
    workers,
  }: { readonly kind: Kind; readonly workers: { readonly most: number; readonly reserved: number } },
  onPass: (name: string) => void,
): void {
  createController({
    name: kind.toLowerCase(),
    queue: queues[kind],
    workers: workers.most,
    reserved: workers.reserved,
    clock: bed.clock,
    log: createRecordingLogger(),
    reconcile(name, context) {
      onPass(name);
      return bed.reconcile(kind, name, context);
    },
  }).start();
}

/** The part of the daemon's drivers that tells of changes. */
function watchDeps({ store, cache }: Bed, enqueue: Enqueue): WatchDeps {
  const silent = { watch: () => ({ dispose: () => Promise.resolve() }) };
  const drivers = { dnsmasq: silent, libvirtCache: cache };
  return { drivers, store, enqueue, source: silent, manifests: {} } as unknown as WatchDeps;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, each) => total + each, 0);
}
