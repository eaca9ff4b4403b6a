import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { createFakeClock, settleFiles } from '../engine/fake-clock.ts';
import { imageText, networkText, nodeText } from '../api/manifest/samples.ts';
import { createInjector, type Fault } from '../faults/injector.ts';
import { NETWORK } from '../worlds/manifests.ts';
import { createOutsider, type Outsider } from '../worlds/outsider.ts';
import { NODES, type Step } from '../worlds/steps.ts';
import { startLoaded, type LoadedDaemon } from './daemon.ts';
import { assertFlat, leakWarnings, resources, told, type Growth } from './resources.ts';
import { full, seed } from './share.ts';

const HOURS = full ? 24 : 1;
/** Until the events and changes that are kept are as many as may be. */
const WARM_HOURS = full ? 12 : 0;
const STEP_MS = 5000;
const MINUTE_MS = 60_000;
/** As many calls as come in an hour, or somewhat more. */
const CALLS = 3000;
/** Longer than any back-off. */
const CALM_MINUTES = 15;

const MAY_GROW: Growth = {
  ...{ descriptors: 2, active: 2, emitters: 4, timers: 10, signals: 20, promises: 100 },
  ...{ heapMiB: 6, rssMiB: 200 },
};

const node = fc.nat(NODES.length - 1);
const side = fc.constantFrom('live' as const, 'config' as const, 'both' as const);
const drift: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    does: fc.constant('by hand' as const),
    hand: fc.constantFrom('destroy' as const, 'undefine' as const),
    node,
  }),
  fc.record({
    does: fc.constant('network by hand' as const),
    hand: fc.constantFrom('destroy' as const, 'undefine' as const),
  }),
  fc.record({ does: fc.constantFrom('lose host' as const, 'lose name' as const), node, side }),
  fc.record({ does: fc.constant('lose files' as const) }),
);
const fault = fc.constantFrom<Fault>('fails', 'fails for a minute', 'hangs', 'lies');
interface Hour {
  /** By the number of the call in that hour. */
  readonly faults: readonly (readonly [number, Fault])[];
  /** By minute. */
  readonly drift: readonly (readonly [number, Step])[];
}

const hour: fc.Arbitrary<Hour> = fc.record({
  faults: fc.array(fc.tuple(fc.nat(CALLS), fault), { minLength: 20, maxLength: 100 }),
  drift: fc.array(fc.tuple(fc.nat(59), drift), { minLength: 1, maxLength: 6 }),
});

describe(`${HOURS} h of a lab whose calls fail at random, and whose guests and network others take away`, () => {
  const clock = createFakeClock();
  const faults = new Map<number, Fault>();
  const injector = createInjector({ faults, clock: () => clock, changes: () => lab.world.calls.length });
  let lab: LoadedDaemon;
  let outsider: Outsider;
  let met = 0;
  let called = 0;

  async function minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      for (let past = 0; past < MINUTE_MS; past += STEP_MS) {
        await clock.advance(STEP_MS);
        lab.guests.act();
      }
      await settleFiles();
    }
  }
  async function play({ faults: wanted, drift: steps }: Hour): Promise<void> {
    faults.clear();
    for (const [number, what] of wanted) faults.set(number, what);
    injector.arm();
    for (let minute = 0; minute < 60; minute += 1) {
      for (const [at, step] of steps) if (at === minute) outsider.does(step);
      await minutes(1);
    }
    called += injector.calls.length;
    met += [...faults.keys()].filter((number) => number < injector.calls.length).length;
    injector.disarm();
    lab.world.calls.length = 0;
    lab.guests.forget();
  }
  async function calm(): Promise<void> {
    await minutes(CALM_MINUTES);
    assert.deepEqual(lab.daemon.notReady(), []);
  }

  before(async () => {
    lab = await startLoaded({
      clock,
      wrap: (driver, port) => injector.wrap(driver, port),
      async prepare(dir) {
        const network = networkText(NETWORK, { domain: 'lab.example', bridge: { name: 'virbr1' } });
        await writeFile(join(dir, 'network.yaml'), network);
        await writeFile(join(dir, 'image.yaml'), imageText('debian'));
        for (const name of NODES)
          await writeFile(join(dir, `${name}.yaml`), nodeText(name, { networks: [{ network: NETWORK }] }));
      },
    });
    outsider = createOutsider(lab.world);
    while (!lab.daemon.allReady()) {
      await sleep(20);
      await minutes(1);
    }
  });
  after(() => lab.stop());

  it(`ends as it began, and holds no more than then (seed ${seed})`, async (t) => {
    const hours = fc.sample(hour, { seed, numRuns: WARM_HOURS + HOURS });
    for (const each of hours.splice(0, WARM_HOURS)) await play(each);
    await calm();
    const [held, timers, series] = [await resources(), clock.pendingTimers(), await seriesOf(lab)];
    met = called = 0;
    for (const each of hours) await play(each);
    await calm();

    const now = await resources();
    t.diagnostic(
      `${met} faults in ${called} calls; timers of the clock ${timers} → ${clock.pendingTimers()}`,
    );
    t.diagnostic(told(held, now));
    assert.ok(met > 0);
    assert.ok(clock.pendingTimers() <= timers + 2, `${clock.pendingTimers()} timers, ${timers} before`);
    const more = (await seriesOf(lab)).filter((each) => !series.includes(each));
    assert.ok(more.length < 60, `new series: ${more.join()}`);
    assertFlat(held, now, MAY_GROW);
    assert.deepEqual(leakWarnings(), []);
  });
});

async function seriesOf(lab: LoadedDaemon): Promise<string[]> {
  const lines = (await lab.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
}
