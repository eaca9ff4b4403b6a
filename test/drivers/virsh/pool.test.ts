import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExecError } from '../../../src/drivers/exec.ts';
import { createPool } from '../../../src/drivers/virsh/pool.ts';
import type { Pool } from '../../../src/drivers/virsh/pool.ts';
import type { Session } from '../../../src/drivers/virsh/session.ts';
import { until } from './support.ts';

interface Fake extends Session {
  id: number;
  break: () => void;
  disposed: boolean;
}

interface Bench {
  pool: Pool;
  started: Fake[];
  clock: { now: number };
}

function bench(options: { size?: number; idleMs?: number; broken?: boolean } = {}): Bench {
  const started: Fake[] = [];
  const clock = { now: 0 };
  function start(): Session {
    let usable = true;
    const fake: Fake = {
      id: started.length,
      disposed: false,
      break: () => (usable = false),
      usable: () => usable,
      call: () => Promise.reject(new Error('not used')),
      dispose() {
        usable = false;
        fake.disposed = true;
        return Promise.resolve();
      },
    };
    started.push(fake);
    return fake;
  }
  const { size = 2, idleMs = 1e6 } = options;
  const pool = createPool({
    start,
    size,
    idleMs,
    backoff: { firstMs: 100, maxMs: 300 },
    now: () => clock.now,
  });
  return { pool, started, clock };
}

/** Uses a session until told to stop; `began` tells its number. */
function hold(
  pool: Pool,
  signal?: AbortSignal,
): { began: Promise<number>; end: () => void; done: Promise<void> } {
  const began = Promise.withResolvers<number>();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const done = pool.run(async (session) => {
    began.resolve((session as Fake).id);
    await promise;
  }, signal);
  done.catch(began.reject);
  return {
    began: began.promise,
    end: () => {
      resolve(undefined);
    },
    done,
  };
}

function idOf(session: Session): Promise<number> {
  return Promise.resolve((session as Fake).id);
}

function cannotConnect(session: Session): Promise<never> {
  (session as Fake).break();
  return Promise.reject(new ExecError('CommandFailed', 'virsh ended', { argv: ['virsh'] }));
}

const DOWN = { reason: 'CommandFailed' };

describe('a pool of sessions', () => {
  it('starts nothing before it is used, and then as few as the load needs', async () => {
    const { pool, started } = bench();
    assert.equal(started.length, 0);

    for (let i = 0; i < 5; i += 1) await pool.run(() => Promise.resolve());

    assert.equal(started.length, 1);
  });

  it('never has more sessions than its size, and serves in the order of asking', async () => {
    const { pool, started } = bench({ size: 2 });
    const order: number[] = [];
    let [now, most] = [0, 0];
    async function use(i: number): Promise<void> {
      order.push(i);
      most = Math.max(most, (now += 1));
      for (let turn = 0; turn < 10 - i; turn += 1) await new Promise(setImmediate);
      now -= 1;
    }

    await Promise.all(Array.from({ length: 8 }, (_, i) => pool.run(() => use(i))));

    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.equal(most, 2);
    assert.equal(started.length, 2);
  });

  it('replaces a session that is no longer usable, whether it broke in use or while idle', async () => {
    const { pool, started } = bench({ size: 1 });
    await pool.run(() => Promise.resolve());

    await assert.rejects(pool.run(cannotConnect), DOWN);
    assert.equal(await pool.run(idOf), 1);
    started[1]?.break();
    assert.equal(await pool.run(idOf), 2);
  });

  it('lets one failure touch no other caller', async () => {
    const { pool } = bench({ size: 2 });
    await pool.run(() => Promise.resolve());
    const other = hold(pool);
    await other.began;

    await assert.rejects(pool.run(cannotConnect), DOWN);
    other.end();

    await other.done;
  });

  it('answers by new sessions from a renewal on, and breaks off no call', async () => {
    const { pool, started } = bench({ size: 2 });
    const busy = hold(pool);
    await busy.began;
    await pool.run(() => Promise.resolve());

    pool.renew();

    assert.deepEqual(
      started.map(({ disposed }) => disposed),
      [false, true],
    );
    assert.equal(await pool.run(idOf), 2);
    busy.end();
    await busy.done;
    assert.equal(started[0]?.disposed, true);
    assert.equal(await pool.run(idOf), 2);
  });

  it('ends a session that nobody used for a while', async () => {
    const { pool, started } = bench({ idleMs: 1 });
    const alive = setInterval(() => undefined, 1000); // the pool's own timers keep no process alive

    await pool.run(() => Promise.resolve());
    await until(() => started[0]?.disposed === true);
    clearInterval(alive);
    assert.equal(await pool.run(idOf), 1);

    await pool.dispose();
  });

  it('starts rarely while none can connect, telling the last failure meanwhile', async () => {
    const { pool, started, clock } = bench();
    const starts: number[] = [];

    for (clock.now = 0; clock.now < 1000; clock.now += 10) {
      const before = started.length;
      await assert.rejects(pool.run(cannotConnect), DOWN);
      if (started.length > before) starts.push(clock.now);
    }

    assert.deepEqual(starts, [0, 100, 300, 600, 900]);
    clock.now = 1200;
    await pool.run(() => Promise.resolve());
    await Promise.all([pool.run(() => Promise.resolve()), pool.run(() => Promise.resolve())]);
  });

  it('tells those who wait when nothing can be started', async () => {
    const { pool } = bench({ size: 1 });

    const failures = await Promise.allSettled([1, 2, 3].map(() => pool.run(cannotConnect)));

    assert.deepEqual(
      failures.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    );
  });

  it('does not count a deadline or a failed command as a failure to connect', async () => {
    const { pool, started } = bench();

    for (let i = 0; i < 3; i += 1) {
      await assert.rejects(
        pool.run((session) => {
          (session as Fake).break();
          return Promise.reject(new ExecError('DeadlineExceeded', 'late', { argv: [] }));
        }),
      );
    }
    await assert.rejects(pool.run(() => Promise.reject(new Error('a bad command'))));

    assert.equal(started.length, 4);
  });

  it('forgets who stopped waiting', async () => {
    const { pool } = bench({ size: 1 });
    const controller = new AbortController();
    const first = hold(pool);
    const impatient = hold(pool, controller.signal);
    const patient = hold(pool);

    controller.abort(new Error('enough'));
    await assert.rejects(impatient.began, /enough/);
    await assert.rejects(hold(pool, controller.signal).began, /enough/);
    first.end();

    assert.equal(await patient.began, 0);
    patient.end();
    await patient.done;
  });

  it('ends all sessions when disposed, and answers nobody afterwards', async () => {
    const { pool, started } = bench({ size: 1 });
    const running = hold(pool);
    await running.began;
    const waiting = hold(pool);

    await Promise.all([pool.dispose(), assert.rejects(waiting.began, { reason: 'Aborted' })]);

    assert.deepEqual(
      started.map(({ disposed }) => disposed),
      [true],
    );
    await assert.rejects(hold(pool).began, { reason: 'Aborted' });
    running.end();
    await running.done;
  });
});
