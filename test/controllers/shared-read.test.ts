import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSharedRead, type SharedRead } from '../../src/controllers/shared-read.ts';
import { createFakeClock, settle, type FakeClock } from '../engine/fake-clock.ts';

/** A read whose answers are given by hand. */
function createBed(): {
  shared: SharedRead<string>;
  clock: FakeClock;
  reads: PromiseWithResolvers<string>[];
} {
  const clock = createFakeClock();
  const reads: PromiseWithResolvers<string>[] = [];
  const read = (): Promise<string> => {
    const next = Promise.withResolvers<string>();
    reads.push(next);
    return next.promise;
  };
  return { shared: createSharedRead(read, clock, 250), clock, reads };
}

describe('a shared read', () => {
  it('is made once for all who ask while it is under way or young', async () => {
    const { shared, clock, reads } = createBed();
    const first = [shared.get(), shared.get()];
    reads[0]?.resolve('one');
    assert.deepEqual(await Promise.all(first), ['one', 'one']);

    await clock.advance(250);
    assert.equal(await shared.get(), 'one');
    assert.equal(reads.length, 1);
  });

  it('is made again when it is old', async () => {
    const { shared, clock, reads } = createBed();
    const first = shared.get();
    reads[0]?.resolve('one');
    await first;
    await clock.advance(251);

    const second = shared.get();
    reads[1]?.resolve('two');

    assert.equal(await second, 'two');
  });

  it('that began before something changed is not what is given after the change', async () => {
    const { shared, reads } = createBed();
    const before = shared.get();

    shared.invalidate();
    const after = shared.get();
    reads[0]?.resolve('old');
    reads[1]?.resolve('new');

    assert.deepEqual([await before, await after, await shared.get()], ['old', 'new', 'new']);
  });

  it('that failed fails for all who asked, and is made again for the next', async () => {
    const { shared, reads } = createBed();
    const both = [shared.get(), shared.get()];
    reads[0]?.reject(new Error('down'));
    for (const each of both) await assert.rejects(each, /down/);
    await settle();

    const next = shared.get();
    reads[1]?.resolve('up');

    assert.equal(await next, 'up');
  });

  it('that fails late does not undo a later one', async () => {
    const { shared, reads } = createBed();
    const old = shared.get();
    shared.invalidate();
    const fresh = shared.get();
    reads[1]?.resolve('fresh');
    await fresh;

    reads[0]?.reject(new Error('late'));
    await assert.rejects(old);
    await settle();

    assert.equal(await shared.get(), 'fresh');
    assert.equal(reads.length, 2);
  });
});
