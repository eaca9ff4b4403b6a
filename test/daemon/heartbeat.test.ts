import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startHeartbeat } from '../../src/daemon/heartbeat.ts';
import type { Notifier } from '../../src/drivers/systemd.ts';
import { createReleasers } from '../../src/engine/releasers.ts';
import { createLab } from '../controllers/bed.ts';

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

describe('the heartbeat', () => {
  it('tells systemd that the daemon is ready, how far it is, in time for the watchdog, and that it stops', async () => {
    const { store, clock } = await createLab('a');
    const { told, notifier } = createNotifier(5000, () => Promise.resolve());
    const releasers = createReleasers();

    await startHeartbeat({ notifier, store, clock }, releasers);
    assert.deepEqual(told, ['ready']);
    await clock.advance(10_000);
    assert.deepEqual(told.filter((each) => each === 'watchdog').length, 3);
    assert.ok(told.includes('4 of 4 objects Ready'));

    await releasers.releaseAll();
    await clock.advance(10_000);
    assert.equal(told.at(-1), 'stopping');
    assert.equal(clock.pendingTimers(), 0);
  });

  it('goes on when systemd does not listen', async () => {
    const { store, clock } = await createLab();
    const { told, notifier } = createNotifier(undefined, () => Promise.reject(new Error('no socket')));

    await startHeartbeat({ notifier, store, clock }, createReleasers());
    await clock.advance(60_000);

    assert.equal(told.filter((each) => each === 'watchdog').length, 3);
  });
});
