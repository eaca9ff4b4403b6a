import type { ManifestListing, Snapshot } from '../../src/api/manifest/snapshot.ts';
import type { Bed } from '../controllers/bed.ts';
import type { World } from '../controllers/fakes.ts';
import type { Fault } from '../faults/injector.ts';
import { settle } from '../engine/fake-clock.ts';
import { startProcess, type Process } from '../faults/process.ts';
import { createGuests } from './guests.ts';
import { createDirectory } from './manifests.ts';
import { ORDER, untilQuiet } from './passes.ts';
import { createPolicies } from './policies.ts';
import type { Step } from './steps.ts';
import { watchMemory, type Remembered } from './remembered.ts';
import { watchedPass } from './watched-pass.ts';

const STEP_MS = 60_000;
/** Longer than any back-off of a guest that does not start. */
const ROUNDS = 150;

/** The daemon over a world, with its directory of manifests. */
export interface Daemon {
  readonly bed: Bed;
  readonly snapshot: () => Snapshot;
  /** What it remembers of objects, by `Kind/name`. */
  readonly remembered: () => Remembered;
  /** Whether a call of it failed that somebody made fail. */
  readonly failed: () => boolean;
  /** False: the step is not about the daemon or its manifests. */
  does(step: Step): Promise<boolean>;
  /** One pass over each object, and what the guests do meanwhile. */
  round(): Promise<void>;
  /** Rounds until nothing changes any more. @returns whether that came */
  settle(quietRounds?: number): Promise<boolean>;
  /** No call fails from now on. */
  heal(): void;
  /** All manifests are taken away, one after the other. */
  clear(): Promise<void>;
}

export function createDaemon(world: World, onRound: () => void): Daemon {
  const directory = createDirectory();
  const guests = createGuests(world);
  const policies = createPolicies(world);
  const faults = new Map<number, Fault>();
  let listing = directory.listing();
  let failures = 0;
  let remembered: Remembered;
  let daemon = start();

  function start(): Process {
    const started = startProcess(world, faults);
    remembered = watchMemory(started.bed);
    started.injector.arm();
    return started;
  }
  function take(next: ManifestListing): void {
    listing = next;
    daemon.load(listing);
    policies.loaded(daemon.snapshot());
  }
  async function load(next: ManifestListing): Promise<void> {
    take(next);
    await settle();
  }
  /** It starts anew and remembers nothing; the clock of the host goes on. */
  async function restart(): Promise<void> {
    const { clock } = daemon.bed;
    failures += daemon.injector.failures();
    faults.clear();
    daemon.stop();
    daemon = start();
    await load(listing);
    await daemon.bed.clock.advance(clock.monotonic());
  }
  async function round(): Promise<void> {
    for (const kind of ORDER)
      for (const { metadata } of daemon.bed.store.list(kind))
        if (!daemon.injector.killed()) await watchedPass(daemon, [kind, metadata.name], policies);
    onRound();
    guests.act();
    // Nobody lets go on what may have its manifest in a file that cannot be read.
    if (daemon.snapshot().opaque.length === 0) daemon.confirm();
    await daemon.bed.clock.advance(STEP_MS);
    if (daemon.injector.killed()) await restart();
  }
  take(listing);
  return {
    get bed() {
      return daemon.bed;
    },
    snapshot: () => daemon.snapshot(),
    remembered: () => remembered,
    failed: () => failures + daemon.injector.failures() > 0,
    async does(step) {
      if (step.does === 'fault') {
        faults.set(daemon.injector.calls.length + step.after, step.fault);
        return true;
      }
      if (step.does === 'restart daemon') {
        await restart();
        return true;
      }
      const seen = directory.does(step);
      for (const [index, next] of (seen ?? []).entries()) {
        if (index > 0) await round();
        await load(next);
      }
      return seen !== undefined;
    },
    round,
    settle: (quietRounds) => untilQuiet(world, round, ROUNDS, quietRounds),
    heal() {
      faults.clear();
    },
    async clear() {
      const files = [...listing.files].sort((a, b) => (a.path > b.path ? -1 : 1));
      for (let left = files.length - 1; left >= 0; left -= 1) {
        await load({ files: files.slice(0, left) });
        await round();
      }
    },
  };
}
