import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import { createJobs, type JobRun, type Jobs } from '../../src/controllers/jobs.ts';
import { createFakeClock, settle, type FakeClock } from '../engine/fake-clock.ts';

const REFUSED = new ReasonedError('SourceNotFound', 'cannot fetch image "debian": 404');

interface Bed {
  readonly clock: FakeClock;
  readonly jobs: Jobs;
  readonly changes: string[];
}

function createBed(retryMs?: (error: Error) => number | undefined): Bed {
  const clock = createFakeClock();
  const changes: string[] = [];
  const onChange = (key: string): void => void changes.push(key);
  return {
    clock,
    changes,
    jobs: createJobs({ clock, onChange, ...(retryMs === undefined ? {} : { retryMs }) }),
  };
}

function failing(): Promise<never> {
  return Promise.reject(REFUSED);
}

/** A job that goes on until it is told. */
function held(): { run: JobRun; end: () => void; starts: () => number } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let starts = 0;
  return {
    run: () => {
      starts += 1;
      return promise;
    },
    end: () => resolve(undefined),
    starts: () => starts,
  };
}

/** Seconds until a failed job may be tried again. */
async function secondsOfBackoff({ clock, jobs }: Bed): Promise<number> {
  const begin = clock.monotonic();
  for (;;) {
    try {
      jobs.check('a', 1);
      return (clock.monotonic() - begin) / 1000;
    } catch {
      await clock.advance(1000);
    }
  }
}

describe('a job', () => {
  it('tells how far it is, and that it ended, by what it calls and by what can be asked', async () => {
    const { jobs, changes } = createBed();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    jobs.start('a', 1, async (_signal, report) => {
      report({ reason: 'Downloading', message: '4 %' });
      await promise;
    });
    assert.deepEqual(jobs.check('a', 1), { reason: 'Starting', message: 'about to start' });

    await settle();
    assert.deepEqual([jobs.check('a', 1), changes], [{ reason: 'Downloading', message: '4 %' }, ['a']]);

    resolve(undefined);
    await settle();
    assert.deepEqual([jobs.check('a', 1), changes], [undefined, ['a', 'a']]);
  });

  it('runs once at a time for its key, and beside those of other keys', async () => {
    const { jobs } = createBed();
    const job = held();
    jobs.start('a', 1, job.run);
    jobs.start('a', 2, job.run);
    jobs.start('b', 1, job.run);

    await settle();

    assert.equal(job.starts(), 2);
  });

  it('of an older generation is what a newer one waits for', () => {
    const { jobs } = createBed();
    jobs.start('a', 1, held().run);

    assert.equal(jobs.check('a', 2)?.reason, 'Starting');
  });

  it('that ended may be started again', async () => {
    const { jobs } = createBed();
    const job = held();
    job.end();
    jobs.start('a', 1, job.run);
    await settle();

    jobs.start('a', 1, job.run);
    await settle();

    assert.equal(job.starts(), 2);
  });
});

describe('a job that failed', () => {
  it('tells why at each look, without using it up, until it is time to try again', async () => {
    const bed = createBed();
    bed.jobs.start('a', 1, failing);
    await settle();

    for (let looks = 0; looks < 3; looks++) assert.throws(() => bed.jobs.check('a', 1), REFUSED);
    assert.deepEqual(bed.changes, ['a']);
    await bed.clock.advance(5000);
    assert.equal(bed.jobs.check('a', 1), undefined);
  });

  it('is tried again later and later, up to every five minutes, and from the start after a success', async () => {
    const bed = createBed();
    const waits: number[] = [];
    for (let tries = 0; tries < 8; tries++) {
      bed.jobs.start('a', 1, failing);
      await settle();
      waits.push(await secondsOfBackoff(bed));
    }

    bed.jobs.start('a', 1, () => Promise.resolve());
    await settle();
    bed.jobs.start('a', 1, failing);
    await settle();

    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
    assert.equal(await secondsOfBackoff(bed), 5);
  });

  it('is tried again at once when the object has another generation, which may have mended it', async () => {
    const bed = createBed();
    bed.jobs.start('a', 1, failing);
    await settle();

    assert.equal(bed.jobs.check('a', 2), undefined);
    bed.jobs.start('a', 2, failing);
    await settle();

    assert.throws(() => bed.jobs.check('a', 2), REFUSED);
    await bed.clock.advance(5000);
    assert.equal(bed.jobs.check('a', 2), undefined);
  });

  it('is tried again when its owner says so', async () => {
    const bed = createBed((error) => (error === REFUSED ? 900_000 : undefined));
    bed.jobs.start('a', 1, failing);
    await settle();

    assert.equal(await secondsOfBackoff(bed), 900);
  });

  it('with something that is no Error is told as an Error', async () => {
    const { jobs } = createBed();
    jobs.start('a', 1, () => {
      const thrown: unknown = 'text';
      throw thrown;
    });
    await settle();

    assert.throws(() => jobs.check('a', 1), { message: 'text' });
  });
});

describe('disposing of jobs', () => {
  it('aborts those that run and waits until they have ended', async () => {
    const { jobs } = createBed();
    let ended = false;
    jobs.start('a', 1, async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await settle();
      ended = true;
    });
    await settle();

    await jobs.dispose();

    assert.equal(ended, true);
  });
});

describe('aborting a job', () => {
  it('ends that one, waits for it, and lets others go on', async () => {
    const { jobs } = createBed();
    const aborted: string[] = [];
    for (const key of ['a', 'b']) {
      jobs.start(key, 1, (signal) => {
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.push(key);
            reject(new Error('aborted'));
          });
        });
      });
    }
    await settle();

    await jobs.abort('a');

    assert.deepEqual([aborted, jobs.runs('a'), jobs.runs('b')], [['a'], false, true]);
    await jobs.abort('nobody');
    await jobs.dispose();
  });
});
