import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBoots } from '../../../src/controllers/node/boots.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';

function createBed(limit = 2): {
  boots: ReturnType<typeof createBoots>;
  clock: ReturnType<typeof createFakeClock>;
} {
  const clock = createFakeClock();
  return { clock, boots: createBoots(clock, limit) };
}

describe('slots for booting', () => {
  it('are no more than the limit, however many ask', () => {
    const { boots } = createBed();

    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((node) => boots.take(node)),
      [true, true, false, false],
    );
    assert.deepEqual(
      ['a', 'c'].map((node) => boots.slot(node)),
      [true, false],
    );
  });

  it('are free again when a guest is up, or off', () => {
    const { boots } = createBed();
    boots.take('a');
    boots.take('b');

    boots.arrived('a');
    assert.equal(boots.take('c'), true);
    boots.stopped('b');
    assert.equal(boots.take('d'), true);
    assert.equal(boots.take('e'), false);
  });

  it('E43: are not held for ever by a guest that never comes up', async () => {
    const { boots, clock } = createBed();
    boots.take('a');
    boots.take('b');

    await clock.advance(599_000);
    assert.equal(boots.slot('c'), false);
    await clock.advance(1000);

    assert.equal(boots.slot('c'), true);
    assert.equal(boots.bootingSeconds('a'), 600);
  });

  it('are not taken by asking', () => {
    const { boots } = createBed(1);

    assert.deepEqual([boots.slot('a'), boots.slot('b'), boots.bootingSeconds('a')], [true, true, undefined]);
  });

  it('are taken once by a guest that is started again while it boots', () => {
    const { boots } = createBed();
    boots.take('a');

    assert.deepEqual([boots.take('a'), boots.take('b'), boots.take('c')], [true, true, false]);
  });
});

describe('the back-off of starts', () => {
  it('never holds up a first start', () => {
    assert.equal(createBed().boots.backoffSeconds('a'), 0);
  });

  it('E44: doubles from five seconds to five minutes while starts do not last', async () => {
    const { boots, clock } = createBed();
    const waits: number[] = [];
    for (let tries = 0; tries < 8; tries++) {
      boots.take('a');
      boots.stopped('a');
      waits.push(boots.backoffSeconds('a'));
      await clock.advance(boots.backoffSeconds('a') * 1000);
      assert.equal(boots.backoffSeconds('a'), 0);
    }

    assert.deepEqual(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
  });

  it('is forgotten once the guest is up', () => {
    const { boots } = createBed();
    boots.take('a');
    boots.arrived('a');

    assert.equal(boots.backoffSeconds('a'), 0);
  });

  it('is not begun by a start that was refused', () => {
    const { boots } = createBed(1);
    boots.take('a');
    boots.take('b');

    assert.equal(boots.backoffSeconds('b'), 0);
  });

  it('counts down', async () => {
    const { boots, clock } = createBed();
    boots.take('a');
    await clock.advance(1500);

    assert.deepEqual([boots.backoffSeconds('a'), boots.bootingSeconds('a')], [4, 2]);
  });
});

describe('a guest that was asked to shut down', () => {
  it('is known to have been, since when, until it is off or starts again', async () => {
    const { boots, clock } = createBed();
    assert.equal(boots.stoppingSeconds('a'), undefined);
    boots.stopping('a');
    await clock.advance(3000);
    assert.equal(boots.stoppingSeconds('a'), 3);

    boots.stopped('a');
    assert.equal(boots.stoppingSeconds('a'), undefined);
    boots.stopping('a');
    boots.take('a');
    assert.equal(boots.stoppingSeconds('a'), undefined);
  });
});
