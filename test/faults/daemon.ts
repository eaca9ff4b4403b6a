import { emptySnapshot, nextSnapshot } from '../../src/api/manifest/snapshot.ts';
import { refName, type Kind } from '../../src/api/meta.ts';
import { surveyMarked } from '../../src/controllers/survey.ts';
import { createRemovals, type Removals } from '../../src/daemon/removals.ts';
import { createBed, type Bed } from '../controllers/bed.ts';
import type { World } from '../controllers/fakes.ts';
import { settle } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';
import { createGuests } from '../worlds/guests.ts';
import { ORDER, passWhileTimeGoes, untilQuiet } from '../worlds/passes.ts';
import { createInjector, INJECTED, type Fault, type Injector } from './injector.ts';

/** Manifests by the name of their file. */
export type Files = Readonly<Record<string, object>>;

/** A vmhost with a daemon on it, which can be killed. */
export interface Vmhost {
  readonly bed: Bed;
  readonly injector: Injector;
  /** The daemon's calls are counted from here on, and these have faults. */
  arm(faults?: ReadonlyMap<number, Fault>): void;
  /** Somebody replaces the directory of manifests. */
  put(files: Files): void;
  /** All that conditions said of calls that failed since `arm`. */
  readonly told: ReadonlySet<string>;
  /** Passes until nothing changes any more, with the daemon started again whenever it was killed. @returns whether that came */
  settle(): Promise<boolean>;
}

const ROUND_MS = 20_000;
const ROUNDS = 120;
/** A call that hangs is given up within this time. */
const TICKS = { tickMs: 200, count: 400 };

export function createVmhost(world: World): Vmhost {
  let files: Files = {};
  let faults: ReadonlyMap<number, Fault> | undefined;
  const guests = createGuests(world);
  const told = new Set<string>();
  let daemon = start();

  function start(): Process {
    return startDaemon(world, files, faults ?? new Map());
  }

  async function round(): Promise<void> {
    for (const kind of ORDER) {
      for (const { metadata } of daemon.bed.store.list(kind)) {
        if (!daemon.injector.killed()) await daemon.pass(kind, metadata.name);
      }
    }
    for (const { status } of daemon.bed.store.all())
      for (const { message } of status.conditions) if (message.includes(INJECTED)) told.add(message);
    guests.act();
    daemon.confirm();
    await daemon.bed.clock.advance(ROUND_MS);
    if (!daemon.injector.killed()) return;
    const { clock } = daemon.bed;
    faults = undefined;
    daemon.stop();
    daemon = start();
    await daemon.bed.clock.advance(clock.monotonic());
  }

  return {
    get bed() {
      return daemon.bed;
    },
    get injector() {
      return daemon.injector;
    },
    told,
    arm(next = new Map()) {
      faults = next;
      // A new daemon, so that the number of a call says the same in each run.
      const { clock } = daemon.bed;
      daemon.stop();
      daemon = start();
      void daemon.bed.clock.advance(clock.monotonic());
      daemon.injector.arm();
    },
    put(next) {
      files = next;
      daemon.load(files);
    },
    settle: () => untilQuiet(world, round, ROUNDS),
  };
}

/** One run of the daemon. */
interface Process {
  readonly bed: Bed;
  readonly injector: Injector;
  load(files: Files): void;
  pass(kind: Kind, name: string): Promise<void>;
  /** A person lets removals go on. */
  confirm(): void;
  stop(): void;
}

function startDaemon(world: World, files: Files, faults: ReadonlyMap<number, Fault>): Process {
  const injector = createInjector({ faults, clock: () => bed.clock, changes: () => world.calls.length });
  const bed: Bed = createBed({ world, wrap: (driver, port) => injector.wrap(driver, port) });
  const removals = removalsOf(bed);
  let snapshot = emptySnapshot;

  function load(next: Files): void {
    const listing = Object.entries(next).map(([name, content]) => ({
      path: `${name}.yaml`,
      text: JSON.stringify(content),
    }));
    snapshot = nextSnapshot(snapshot, { files: listing });
    const before = new Set(
      bed.store.all().map(({ kind, metadata }) => refName({ kind, name: metadata.name })),
    );
    for (const { kind, name, labels, annotations, spec, hash } of snapshot.objects)
      bed.store.apply(kind, { name, labels, annotations, spec, hash });
    removals.settle({ refs: new Set(snapshot.objects.map(refName)), opaque: [] }, before);
  }

  load(files);
  return {
    bed,
    injector,
    load,
    async pass(kind, name) {
      await passWhileTimeGoes(bed, [kind, name], TICKS);
      await settle();
    },
    confirm: () => removals.confirm(removals.held()),
    stop: () => removals.dispose(),
  };
}

function removalsOf(bed: Bed): Removals {
  return createRemovals({
    store: bed.store,
    clock: bed.clock,
    log: createRecordingLogger(),
    metrics: { setRemovalsHeld: () => undefined },
    limit: 1_000_000,
    survey: () => surveyMarked(bed.cache.view, bed.disks),
    enqueue: () => undefined,
  });
}
