import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { probeNeed, type Probed } from '../../../src/api/node/probe-due.ts';
import {
  createProbePool,
  type ProbePool,
  type ProbeQuestion,
} from '../../../src/controllers/node/probe-pool.ts';
import { createFakeClock, settle, type FakeClock } from '../../engine/fake-clock.ts';

const WELL: Probed = {
  dns: { addresses: ['10.0.0.1'], names: ['a.lab'] },
  ssh: { ok: true, reason: 'Reachable', message: '' },
  cloudInit: { done: true, errors: [], detail: 'done' },
};
const WANTED = { fqdn: 'a.lab', address: '10.0.0.1' };
const HUNG: Probed = { ssh: { ok: false, reason: 'Unreachable', message: 'no answer in 8 s' } };
const MINUTE = 60_000;

interface Bed {
  readonly clock: FakeClock;
  readonly pool: ProbePool;
  /** Guests by name: what they answer, or for how long they say nothing (ms). */
  readonly guests: Map<string, Probed | number>;
  readonly logins: string[];
  readonly touches: string[];
  readonly told: string[];
  ask(node: string, about?: string): Promise<Probed>;
}

function createBed(): Bed {
  const clock = createFakeClock();
  const told: string[] = [];
  const pool = createProbePool({ clock, onChange: (node) => told.push(node), size: 8 });
  const bed: Bed = {
    clock,
    pool,
    guests: new Map(),
    logins: [],
    touches: [],
    told,
    ask: (node, about = '') => pool.ask(node, questionFor(bed, node, about), new AbortController().signal),
  };
  return bed;
}

function questionFor({ clock, guests, logins, touches }: Bed, node: string, about: string): ProbeQuestion {
  return {
    about,
    wanted: WANTED,
    patienceMs: 2000,
    async probe(signal) {
      logins.push(node);
      const answer = guests.get(node) ?? WELL;
      if (typeof answer !== 'number') return answer;
      await clock.sleep(answer, signal);
      return HUNG;
    },
    touch() {
      touches.push(node);
      return Promise.resolve(typeof guests.get(node) !== 'number');
    },
  };
}

describe('probes of guests', () => {
  it('that are well are a login at first, then a connection a minute and a login twice an hour', async () => {
    const bed = createBed();
    for (let minute = 0; minute < 60; minute += 1) {
      assert.deepEqual(await bed.ask('a'), WELL);
      await bed.clock.advance(MINUTE);
    }

    assert.deepEqual([bed.logins.length, bed.touches.length, bed.told], [2, 58, []]);
  });

  it('are made again when what they are about is another: an address, a start, a host key', async () => {
    const bed = createBed();
    for (const about of ['x', 'x', 'y', 'y']) await bed.ask('a', about);

    assert.equal(bed.logins.length, 2);
  });

  it('of a guest that lacks something are made with each look, and what changed is told', async () => {
    const bed = createBed();
    bed.guests.set('a', HUNG);
    assert.deepEqual(await bed.ask('a'), HUNG);

    bed.guests.set('a', WELL);
    await bed.clock.advance(1000);
    assert.deepEqual(await bed.ask('a'), HUNG, 'the last answer, at once');
    await settle();

    assert.deepEqual(bed.told, ['a']);
    assert.deepEqual(await bed.ask('a'), WELL);
  });

  it('of a guest that no longer takes connections are full ones at once', async () => {
    const bed = createBed();
    await bed.ask('a');
    bed.guests.set('a', 8000);
    await bed.clock.advance(MINUTE);

    assert.deepEqual(await bed.ask('a'), WELL);
    await bed.clock.advance(8000);

    assert.deepEqual(bed.told, ['a']);
    assert.deepEqual(await bed.ask('a'), HUNG);
  });

  it('R13: 200 guests that hang keep no pass waiting, and no probe of another guest', async () => {
    const bed = createBed();
    const hung = Array.from({ length: 200 }, (_, number) => `hung${number}`);
    for (const name of hung) bed.guests.set(name, 8000);
    const first = Promise.all(hung.map((name) => bed.ask(name)));
    await bed.clock.advance(2000);
    assert.ok(
      (await first).every(({ ssh }) => ssh?.ok === false),
      'no longer than their patience',
    );
    await bed.clock.advance(10 * MINUTE);

    const again = hung.map((name) => bed.ask(name));
    await settle();
    assert.deepEqual(await bed.ask('well'), WELL);
    await Promise.all(again);

    assert.ok(bed.clock.pendingTimers() > 0, 'they still hang');
  });

  it('are not told to who waited for them, nor of a guest that was forgotten', async () => {
    const bed = createBed();
    bed.guests.set('a', 1000);
    const waiting = bed.ask('a');
    await bed.clock.advance(1000);
    assert.deepEqual(await waiting, HUNG);
    await bed.clock.advance(1000);
    void bed.ask('a');
    bed.pool.forget('a');
    await bed.clock.advance(1000);

    assert.deepEqual(bed.told, []);
  });

  it('end when the pool does', async () => {
    const bed = createBed();
    bed.guests.set('a', MINUTE);
    const waiting = bed.ask('a');
    await settle();

    await bed.pool.dispose();

    assert.equal((await waiting).ssh?.reason, 'NotAnsweredYet');
    assert.equal(bed.clock.pendingTimers(), 0);
  });
});

describe('a probe', () => {
  const at = (fullAgeMs: number, seenAgeMs: number, result = WELL): Parameters<typeof probeNeed>[0] => ({
    result,
    wanted: WANTED,
    fullAgeMs,
    seenAgeMs,
  });
  for (const [what, last, need] of [
    ['of a guest never probed is full', undefined, 'full'],
    ['of a guest that is well waits', at(MINUTE, 1000), 'none'],
    ['of a guest that is well is a touch after a minute', at(MINUTE, MINUTE), 'touch'],
    ['of a guest that is well is full after half an hour', at(30 * MINUTE, 0), 'full'],
    ['of a guest that hangs is full', at(1000, 1000, HUNG), 'full'],
    ['of a guest that hangs is not made twice at once', at(100, 100, HUNG), 'none'],
    [
      'of a guest whose address has the name from before is full',
      at(1000, 0, { ...WELL, dns: { addresses: ['10.0.0.1'], names: ['a.old'] } }),
      'full',
    ],
    [
      'of a guest whose name has the address from before is full',
      at(1000, 0, { ...WELL, dns: { addresses: ['10.0.0.9'], names: ['a.lab'] } }),
      'full',
    ],
    [
      'of a guest whose name has another address too is full',
      at(1000, 0, { ...WELL, dns: { addresses: ['10.0.0.1', '10.0.0.9'], names: ['a.lab'] } }),
      'full',
    ],
    [
      'of a guest without its name is full',
      at(1000, 0, { ...WELL, dns: { addresses: [], names: [] } }),
      'full',
    ],
  ] as const) {
    it(what, () => assert.equal(probeNeed(last), need));
  }
});
