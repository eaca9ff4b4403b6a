import { ReasonedError } from '../../../src/api/errors.ts';
import { startElected, type Elected } from '../../../src/daemon/api-server/elected.ts';
import type { KubeChange } from '../../../src/drivers/kube.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock, settle, type FakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServer, type FakeCall } from '../../kube/fake.ts';

/** Daemons on one API server in memory, which can be paused, killed and lied to. */
export interface LabOfDaemons {
  readonly server: FakeApiServer;
  readonly daemons: readonly Daemon[];
  /** Time for everybody who is not paused, so much at a time. */
  advance(ms: number, stepMs?: number): Promise<void>;
  /** Its calls do not get on, whichever way they have come, and its timers do not fire. */
  pause(daemon: Daemon): void;
  /** All that waited happens at once. */
  resume(daemon: Daemon): Promise<void>;
  /** Ends without a word, and another one starts in its place. What was under way may arrive yet. */
  kill(daemon: Daemon): void;
  /** The share of calls that fail from now on, of 1. */
  fail(share: number): void;
  /** The share of calls in the midst of which their daemon is paused. */
  stall(share: number): void;
}

export interface Daemon {
  readonly name: string;
  readonly elected: Elected;
}

interface Running extends Daemon {
  readonly clock: FakeClock;
  isPaused: boolean;
  isKilled: boolean;
  behindMs: number;
  go: (() => void) | undefined;
  gone: Promise<void>;
}

const REASONS = ['Unreachable', 'ServerError', 'TooManyRequests', 'Conflict'] as const;
/** As long as nothing is due, nobody notices that time passes in larger steps. */
const STEP_MS = 500;

/** @param random uniform in [0, 1) */
export function createLabOfDaemons(count: number, random: () => number): LabOfDaemons {
  const running = new Map<string, Running>();
  let share = 0;
  let stalls = 0;
  let started = 0;
  const server = createFakeApiServer({
    async before(call) {
      await through(call);
      if (random() < share) throw failure(call, REASONS[Math.floor(random() * REASONS.length)]);
    },
    async after(call) {
      await through(call);
      if (random() < share) throw failure(call, 'Unreachable');
    },
  });

  async function through({ client }: FakeCall): Promise<void> {
    const daemon = running.get(client);
    if (daemon === undefined) return;
    if (random() < stalls) pause(daemon);
    if (daemon.isPaused) await daemon.gone;
  }

  function start(): void {
    const name = `d${started++}`;
    const clock = createFakeClock(Date.UTC(2000 + Math.floor(random() * 40), 0, 1));
    const kube = server.client(name);
    const early: KubeChange[] = [];
    let tell = (change: KubeChange): unknown => early.push(change);
    const watch = kube.watch((change) => void tell(change));
    const elected = startElected({
      ...{ kube, watch, clock, random, identity: name, log: silentLogger(), record: () => undefined },
    });
    tell = (change) => elected.tell(change);
    for (const change of early) elected.tell(change);
    running.set(name, {
      ...{ name, elected, clock, isPaused: false, isKilled: false, behindMs: 0, go: undefined },
      gone: Promise.resolve(),
    });
  }

  function pause(daemon: Running): void {
    if (daemon.isPaused) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    Object.assign(daemon, { isPaused: true, gone: promise, go: () => resolve(undefined) });
    server.hold(daemon.name, true);
  }

  async function resume(daemon: Running): Promise<void> {
    if (!daemon.isPaused) return;
    // A call that is under way is on its way before the daemon learns what time it is.
    Object.assign(daemon, { isPaused: false });
    daemon.go?.();
    const { behindMs } = daemon;
    daemon.behindMs = 0;
    if (daemon.isKilled) return;
    await daemon.clock.advance(behindMs);
    server.hold(daemon.name, false);
    await settle();
  }

  const find = ({ name }: Daemon): Running => {
    const daemon = running.get(name);
    if (daemon === undefined) throw new Error(`no daemon ${name}`);
    return daemon;
  };
  const living = (): Running[] => [...running.values()].filter(({ isKilled }) => !isKilled);
  for (let index = 0; index < count; index++) start();
  return {
    server,
    get daemons() {
      return living();
    },
    async advance(ms, stepMs = STEP_MS) {
      for (let left = ms; left > 0; left -= stepMs) {
        const step = Math.min(left, stepMs);
        for (const daemon of living()) {
          if (daemon.isPaused) daemon.behindMs += step;
          else await daemon.clock.advance(step);
        }
      }
    },
    pause: (daemon) => pause(find(daemon)),
    resume: (daemon) => resume(find(daemon)),
    kill(daemon) {
      const killed = find(daemon);
      pause(killed);
      killed.isKilled = true;
      start();
    },
    fail: (wanted) => void (share = wanted),
    stall: (wanted) => void (stalls = wanted),
  };
}

function failure({ verb, kind, name }: FakeCall, reason = 'Unreachable'): ReasonedError {
  return new ReasonedError(reason, `cannot ${verb} ${kind} "${name}": the test says so`);
}
