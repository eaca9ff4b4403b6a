import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  arrived,
  holdsSlot,
  lastTry,
  mended,
  recall,
  runs,
  startFailed,
  starting,
  stopped,
  stopping,
  tried,
  type NodeMemory,
} from '../../../src/api/node/memory.ts';

function backoff(memory: NodeMemory, now: number): number {
  return recall(memory, now).startBackoffSeconds;
}

describe('a guest that boots', () => {
  it('holds its slot until it is up, off, or refused to start', () => {
    const booting = starting({}, 0);

    assert.equal(holdsSlot(booting, 1000), true);
    for (const over of [arrived(booting), stopped(booting), startFailed(booting, 'no memory', 1)]) {
      assert.equal(holdsSlot(over, 1000), false);
    }
  });

  it('E43: holds no slot for ever, should it never come up', () => {
    const booting = starting({}, 0);

    assert.deepEqual([holdsSlot(booting, 599_000), holdsSlot(booting, 600_000)], [true, false]);
    assert.equal(recall(booting, 600_000).bootingSeconds, 600);
  });
});

describe('the back-off of starts', () => {
  it('never holds up a first start', () => {
    assert.equal(backoff({}, 0), 0);
  });

  it('E44: doubles from five seconds to five minutes while starts do not last', () => {
    let memory: NodeMemory = {};
    let now = 0;
    const waits: number[] = [];
    for (let tries = 0; tries < 8; tries++) {
      memory = stopped(starting(memory, now));
      waits.push(backoff(memory, now));
      now += backoff(memory, now) * 1000;
      assert.equal(backoff(memory, now), 0);
    }

    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('counts down, and is forgotten once the guest is up or asked to go down', () => {
    const memory = starting({}, 0);

    assert.equal(backoff(memory, 1500), 4);
    assert.equal(backoff(arrived(memory), 1500), 0);
    assert.equal(backoff(stopping(memory, 1500), 1500), 0);
  });

  it("goes on where libvirt refuses a start, and keeps libvirt's words", () => {
    const memory = startFailed(starting({}, 0), 'cannot set up guest memory', 100);

    assert.equal(recall(memory, 1000).startFailure, 'cannot set up guest memory');
    assert.equal(backoff(memory, 1000), 4);
    assert.equal(recall(starting(memory, 5000), 5000).startFailure, undefined);
  });
});

describe('a guest that was asked to shut down', () => {
  it('is known to have been, since when, until it is off or starts again', () => {
    const asked = stopping(stopping({}, 0), 2000);

    assert.deepEqual([recall(asked, 5000).stoppingSeconds, recall(asked, 5000).downSeconds], [3, 5]);
    for (const over of [stopped(asked), starting(asked, 5000), runs(asked)]) {
      assert.equal(recall(over, 5000).stoppingSeconds, undefined);
    }
  });

  it('did not run by itself: that it goes is no drift', () => {
    assert.equal(recall(runs({}), 0).ran, true);
    assert.equal(recall(stopping(runs({}), 0), 0).ran, false);
  });
});

describe('a try', () => {
  const memory = tried({}, 'address', { way: 'renew', about: 'x', at: 0 });

  it('counts until what it is about is another, or it is mended', () => {
    assert.deepEqual(lastTry(memory, 'address', { about: 'x', now: 7000 }), { way: 'renew', seconds: 7 });
    assert.deepEqual(lastTry(memory, 'address', { now: 7000 }), { way: 'renew', seconds: 7 });
    assert.equal(lastTry(memory, 'address', { about: 'y', now: 7000 }), undefined);
    assert.equal(lastTry(memory, 'definition', { about: 'x', now: 7000 }), undefined);
    assert.equal(lastTry(mended(memory, 'address'), 'address', { about: 'x', now: 0 }), undefined);
  });
});

it('what changes nothing leaves the very same value, so that nobody is told', () => {
  const memory = runs({});

  for (const same of [arrived(memory), stopped(memory), runs(memory), mended(memory, 'address')]) {
    assert.equal(same, memory);
  }
});
