import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import { createJobs, type JobOwner, type JobRun, type Jobs } from '../../src/controllers/jobs.ts';
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

function owner(name: string, generation = 1, uid = `${name}-1`): JobOwner {
  return { name, uid, generation };
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

describe('what a job reads', () => {
  it('is known while it runs, whoever else reads the same', async () => {
    const { jobs } = createBed();
    const runs = [held(), held()];
    jobs.start(owner('a'), runs[0]?.run ?? failing, 'source');
    jobs.start(owner('b'), runs[1]?.run ?? failing, 'source');
    jobs.start(owner('c'), failing, 'other');
    jobs.start(owner('d'), held().run);

    const found: (string | undefined)[] = [
      jobs.readerOf('source'),
      jobs.readerOf('other'),
      jobs.readerOf('d'),
    ];
    for (const run of runs) {
      run.end();
      await settle();
      found.push(jobs.readerOf('source'));
    }

    assert.deepEqual(found, ['a', 'c', undefined, 'b', undefined]);
    assert.equal(jobs.readerOf('other'), undefined, 'it failed');
  });

  it('is told that nobody reads it any more, once that is so, be it that the job failed', async () => {
    for (const end of [() => Promise.resolve(), failing]) {
      const { jobs, changes } = createBed();
      jobs.start(owner('clone'), end, 'source');

      await settle();

      assert.deepEqual(changes, ['clone', 'source']);
      assert.equal(jobs.readerOf('source'), undefined);
    }
  });

  it('stays that of the job that runs when another start comes in vain', async () => {
    const { jobs } = createBed();
    const run = held();
    jobs.start(owner('a'), run.run, 'source');
    jobs.start(owner('a', 2), run.run, 'other');

    assert.deepEqual([jobs.readerOf('source'), jobs.readerOf('other')], ['a', undefined]);
    run.end();
    await settle();
    assert.equal(jobs.readerOf('source'), undefined);
  });
});

/** Seconds until a failed job may be tried again. */
async function secondsOfBackoff({ clock, jobs }: Bed): Promise<number> {
  const begin = clock.monotonic();
  for (;;) {
    try {
      jobs.check(owner('a'));
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
    jobs.start(owner('a'), async (_signal, report) => {
      report({ reason: 'Downloading', message: '4 %' });
      await promise;
    });
    assert.deepEqual(jobs.check(owner('a')), { reason: 'Starting', message: 'about to start' });

    await settle();
    assert.deepEqual([jobs.check(owner('a')), changes], [{ reason: 'Downloading', message: '4 %' }, ['a']]);

    resolve(undefined);
    await settle();
    assert.deepEqual([jobs.check(owner('a')), changes], [undefined, ['a', 'a']]);
  });

  it('runs once at a time for its key, and beside those of other keys', async () => {
    const { jobs } = createBed();
    const job = held();
    jobs.start(owner('a'), job.run);
    jobs.start(owner('a', 2), job.run);
    jobs.start(owner('b'), job.run);

    await settle();

    assert.equal(job.starts(), 2);
  });

  it('of an older generation is what a newer one waits for', () => {
    const { jobs } = createBed();
    jobs.start(owner('a'), held().run);

    assert.equal(jobs.check(owner('a', 2))?.reason, 'Starting');
  });

  it('is outdated for a newer generation and for an object that came back under its name', () => {
    const { jobs } = createBed();
    jobs.start(owner('a'), held().run);

    const askers = [owner('a'), owner('a', 2), owner('a', 1, 'another'), owner('b')];
    assert.deepEqual(
      askers.map((each) => jobs.isOutdated(each)),
      [false, true, true, false],
    );
  });

  it('that ended may be started again', async () => {
    const { jobs } = createBed();
    const job = held();
    job.end();
    jobs.start(owner('a'), job.run);
    await settle();

    jobs.start(owner('a'), job.run);
    await settle();

    assert.equal(job.starts(), 2);
  });
});

describe('a job that failed', () => {
  it('tells why at each look, without using it up, until it is time to try again', async () => {
    const bed = createBed();
    bed.jobs.start(owner('a'), failing);
    await settle();

    for (let looks = 0; looks < 3; looks++) assert.throws(() => bed.jobs.check(owner('a')), REFUSED);
    assert.deepEqual(bed.changes, ['a']);
    await bed.clock.advance(5000);
    assert.equal(bed.jobs.check(owner('a')), undefined);
  });

  it('is tried again later and later, up to every five minutes, and from the start after a success', async () => {
    const bed = createBed();
    const waits: number[] = [];
    for (let tries = 0; tries < 8; tries++) {
      bed.jobs.start(owner('a'), failing);
      await settle();
      waits.push(await secondsOfBackoff(bed));
    }

    bed.jobs.start(owner('a'), () => Promise.resolve());
    await settle();
    bed.jobs.start(owner('a'), failing);
    await settle();

    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
    assert.equal(await secondsOfBackoff(bed), 5);
  });

  it('is tried again at once when the object has another generation, which may have mended it', async () => {
    const bed = createBed();
    bed.jobs.start(owner('a'), failing);
    await settle();

    assert.equal(bed.jobs.check(owner('a', 2)), undefined);
    bed.jobs.start(owner('a', 2), failing);
    await settle();

    assert.throws(() => bed.jobs.check(owner('a', 2)), REFUSED);
    await bed.clock.advance(5000);
    assert.equal(bed.jobs.check(owner('a', 2)), undefined);
  });

  it('U3: is not held against an object that came back under its name', async () => {
    const bed = createBed(() => 900_000);
    bed.jobs.start(owner('a'), failing);
    await settle();

    assert.equal(bed.jobs.check(owner('a', 1, 'another')), undefined);
  });

  it('is forgotten with its object, and no other is', async () => {
    const bed = createBed();
    bed.jobs.start(owner('a'), failing);
    await settle();

    bed.jobs.forget(owner('a', 1, 'another'));
    assert.throws(() => bed.jobs.check(owner('a')), REFUSED);
    bed.jobs.forget(owner('a'));
    assert.equal(bed.jobs.check(owner('a')), undefined);
  });

  it('U4: tells why while it is tried again, until it comes further than before', async () => {
    const bed = createBed();
    bed.jobs.start(owner('a'), failing);
    await settle();
    await bed.clock.advance(5000);
    let tell: Parameters<JobRun>[1] | undefined;
    bed.jobs.start(owner('a'), (_signal, report) => {
      tell = report;
      return held().run(_signal, report);
    });
    await settle();

    assert.throws(() => bed.jobs.check(owner('a')), REFUSED);
    tell?.({ reason: 'Downloading', message: '1 %' });
    assert.equal(bed.jobs.check(owner('a'))?.reason, 'Downloading');
    tell?.(REFUSED);
    assert.throws(() => bed.jobs.check(owner('a')), REFUSED);
    assert.equal(bed.jobs.check(owner('a', 2))?.reason, 'Starting', 'an edit may have mended it');
  });

  it('is tried again when its owner says so', async () => {
    const bed = createBed((error) => (error === REFUSED ? 900_000 : undefined));
    bed.jobs.start(owner('a'), failing);
    await settle();

    assert.equal(await secondsOfBackoff(bed), 900);
  });

  it('with something that is no Error is told as an Error', async () => {
    const { jobs } = createBed();
    jobs.start(owner('a'), () => {
      const thrown: unknown = 'text';
      throw thrown;
    });
    await settle();

    assert.throws(() => jobs.check(owner('a')), { message: 'text' });
  });
});

describe('disposing of jobs', () => {
  it('aborts those that run and waits until they have ended', async () => {
    const { jobs } = createBed();
    let ended = false;
    jobs.start(owner('a'), async (signal) => {
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
      jobs.start(owner(key), (signal) => {
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
    assert.equal(jobs.check(owner('a')), undefined, 'it did not fail');
    await jobs.abort('nobody');
    await jobs.dispose();
  });
});
