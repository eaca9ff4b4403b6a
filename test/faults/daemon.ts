import type { ManifestListing } from '../../src/api/manifest/snapshot.ts';
import type { Bed } from '../controllers/bed.ts';
import type { World } from '../controllers/fakes.ts';
import { createGuests } from '../worlds/guests.ts';
import { ORDER, untilQuiet } from '../worlds/passes.ts';
import { INJECTED, type Fault, type Injector } from './injector.ts';
import { startProcess, type Process } from './process.ts';

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

export function createVmhost(world: World): Vmhost {
  let files: Files = {};
  let faults: ReadonlyMap<number, Fault> | undefined;
  const guests = createGuests(world);
  const told = new Set<string>();
  let daemon = start();

  function start(): Process {
    const started = startProcess(world, faults ?? new Map());
    started.load(listingOf(files));
    return started;
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
      daemon.load(listingOf(files));
    },
    settle: () => untilQuiet(world, round, ROUNDS),
  };
}

function listingOf(files: Files): ManifestListing {
  const found = Object.entries(files);
  return { files: found.map(([name, content]) => ({ path: `${name}.yaml`, text: JSON.stringify(content) })) };
}
