import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startHeartbeat } from '../../src/daemon/heartbeat.ts';
import type { Notifier } from '../../src/drivers/systemd.ts';
import { createReleasers } from '../../src/engine/releasers.ts';
import { createFakeClock, type FakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger, type RecordingLogger } from '../engine/recording-logger.ts';

function createNotifier(
  watchdogMs: number | undefined,
  beat: () => Promise<void>,
): { told: string[]; notifier: Notifier } {
  const told: string[] = [];
  const tell = (what: string) => (): Promise<void> => {
    told.push(what);
    return what === 'watchdog' ? beat() : Promise.resolve();
  };
  const notifier: Notifier = {
    ready: tell('ready'),
    reloading: tell('reloading'),
    stopping: tell('stopping'),
    watchdog: tell('watchdog'),
    status: (text) => tell(text)(),
    watchdogIntervalMs: () => watchdogMs,
  };
  return { told, notifier };
}

interface World {
  text: string;
  problems: string[];
  changed: () => void;
}

async function start(
  notifier: Notifier,
): Promise<{ world: World; clock: FakeClock; log: RecordingLogger; stop: () => Promise<void> }> {
  const world: World = { text: '3 of 4 objects Ready', problems: [], changed: () => undefined };
  const [clock, log, releasers] = [createFakeClock(), createRecordingLogger(), createReleasers()];
  const health = {
    summary: () => world.text,
    unhealthy: () => world.problems,
    subscribe(listener: () => void) {
      world.changed = listener;
      return () => void (world.changed = () => undefined);
    },
  };
  await startHeartbeat({ notifier, health, clock, log }, releasers);
  return { world, clock, log, stop: () => releasers.releaseAll() };
}

describe('the heartbeat', () => {
  it('tells systemd that the daemon is ready, how far it is, in time for the watchdog, and that it stops', async () => {
    const { told, notifier } = createNotifier(5000, () => Promise.resolve());

    const { clock, stop } = await start(notifier);
    assert.deepEqual(told, ['ready']);
    await clock.advance(10_000);
    assert.deepEqual(told.filter((each) => each === 'watchdog').length, 3);
    assert.deepEqual(told.filter((each) => each === '3 of 4 objects Ready').length, 1);

    await stop();
    await clock.advance(10_000);
    assert.equal(told.at(-1), 'stopping');
    assert.equal(clock.pendingTimers(), 0);
  });

  it('goes on when systemd does not listen', async () => {
    const { told, notifier } = createNotifier(undefined, () => Promise.reject(new Error('no socket')));

    const { clock } = await start(notifier);
    await clock.advance(60_000);

    assert.equal(told.filter((each) => each === 'watchdog').length, 3);
  });

  it('U11: tells what changed within a second, once for what changes together', async () => {
    const { told, notifier } = createNotifier(20_000, () => Promise.resolve());
    const { world, clock } = await start(notifier);
    await clock.advance(5000);
    told.length = 0;

    for (let index = 0; index < 100; index += 1) {
      world.text = `${index} of 100 objects Ready`;
      world.changed();
    }
    await clock.advance(1000);
    assert.deepEqual(told, ['99 of 100 objects Ready']);
    world.changed();
    await clock.advance(1000);

    assert.deepEqual(told, ['99 of 100 objects Ready'], 'nothing is told twice');
  });

  it('does not feed the watchdog while the workers do not work, and says why once', async () => {
    const { told, notifier } = createNotifier(5000, () => Promise.resolve());
    const { world, clock, log } = await start(notifier);
    await clock.advance(1000);
    told.length = 0;

    world.problems = ['a pass has not ended for 300 s'];
    await clock.advance(15_000);
    assert.deepEqual(told, ['3 of 4 objects Ready; a pass has not ended for 300 s']);
    assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1);
    world.problems = [];
    await clock.advance(5000);

    assert.ok(told.includes('watchdog'));
  });
});
