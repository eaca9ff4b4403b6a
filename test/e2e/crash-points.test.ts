import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { createProgress } from '../progress.ts';
import { allReady, bootLab, startDaemon } from './bed.ts';
import { installKiller, type Change } from './crash/killer.ts';
import { PACKET } from './crash/order.ts';
import { play, put, settled, UNDISTURBED, type Bed, type Outcome, type Point } from './crash/play.ts';
import { ROUNDS, TINY, type Base, type Round } from './crash/states.ts';

/**
 * K8SLAB_CRASH: how many points of each change, or all; K8SLAB_SEED: those of an earlier run. With neither it is two of each
 * change of one round, the same each time. K8SLAB_CRASH_ROUND: rounds with that in their name alone.
 */
const { K8SLAB_CRASH: wanted, K8SLAB_CRASH_ROUND: only = '', K8SLAB_SEED: given } = process.env;
const seed = Number(given ?? (wanted === undefined ? 1 : Date.now() % 2 ** 31));
const rounds = ROUNDS.filter(({ name, always }) =>
  wanted === undefined ? always === true : name.includes(only),
);

if (rounds.length === 0)
  throw new Error(`no round has "${only}" in its name: ${ROUNDS.map(({ name }) => name).join('; ')}`);

/** Runs of different rounds live side by side. */
const NAME = `e2e-crash-${ROUNDS.findIndex((round) => round === rounds[0])}`;

/**
 * Before and after each of these changes, in the order in which they are tried. Between the end of one and the beginning of the
 * next nothing changes, so that one point stands for both. What a later look sends to a guest is no change.
 */
function pointsOf(steps: readonly Change[]): readonly Point[] {
  const points = steps.flatMap(({ what, alone, late }, index) => {
    if (late && what.startsWith(PACKET)) return [];
    const step = index + 1;
    return [
      ...(alone && index > 0 ? [] : [{ step, when: 'before' } as const]),
      { step, when: 'after' } as const,
    ];
  });
  const [shuffled = []] = fc.sample(fc.shuffledSubarray(points, { minLength: points.length }), {
    numRuns: 1,
    seed,
  });
  return wanted === 'all' ? shuffled : shuffled.slice(0, Number(wanted ?? 2));
}

describe('a daemon that is killed at any change of the vmhost', () => {
  let bed: Bed | undefined;
  after(() => bed?.lab.down());

  async function fresh(base: Base): Promise<Bed> {
    await bed?.lab.down();
    const guest = base.guest === undefined ? {} : { guest: base.guest };
    const lab = await bootLab({ name: NAME, ...guest });
    bed = { lab, killer: await installKiller(lab), base };
    await put(lab, base.state);
    await startDaemon(lab);
    await allReady(lab, 600);
    await settled(bed, {});
    return bed;
  }

  for (const round of rounds) {
    it(`comes to the same while ${round.name}, and guests feel no more (seed ${seed})`, (t) =>
      tryRound(t, round));
  }

  async function tryRound(t: TestContext, round: Round): Promise<void> {
    const faults: string[] = [];
    async function told<T>(what: () => string, run: () => Promise<T>): Promise<T | undefined> {
      try {
        return await run();
      } catch (error) {
        faults.push(`${what()}: ${error instanceof Error ? error.message : String(error)}`);
        console.log(`# ${faults.at(-1) ?? ''}`);
        // What comes next begins with a vmhost that is as it should be.
        await fresh(round.base ?? TINY);
        return undefined;
      }
    }
    const calm = await told(
      () => 'undisturbed',
      () => playAll(round, []),
    );
    const points = calm?.map(({ told: { steps } }) => pointsOf(steps)) ?? [];
    const turns = Math.max(0, ...points.map(({ length }) => length));
    const next = createProgress({ total: turns, what: 'turns' });
    let killed = 0;
    for (let turn = 0; turn < turns; turn += 1) {
      next();
      const at = points.map((of) => of[turn] ?? UNDISTURBED);
      await told(
        () => describePoints(round, at, calm),
        async () => {
          const ends = await playAll(round, at, calm);
          killed += ends.filter(({ told: { killed: was } }) => was).length;
        },
      );
    }
    const changes = calm?.map(({ told: { steps } }) => steps.length).join(' + ');
    t.diagnostic(`${changes ?? 'no'} changes, ${points.flat().length} points, killed ${killed} times`);
    assert.deepEqual(faults, []);
  }

  async function playAll(
    round: Round,
    points: readonly Point[],
    calm?: readonly Outcome[],
  ): Promise<Outcome[]> {
    const { base = TINY } = round;
    const here = bed?.base === base ? bed : await fresh(base);
    const ends: Outcome[] = [];
    for (const [index, step] of round.steps.entries())
      ends.push(await playNamed(here, [round, step], points[index], calm?.[index]));
    if (round.last !== undefined) await here.lab.must(['bash', '-c', round.last]);
    return ends;
  }
});

async function playNamed(...given: Parameters<typeof play>): ReturnType<typeof play> {
  try {
    return await play(...given);
  } catch (error) {
    const [, [, { what }]] = given;
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function describePoints({ steps }: Round, points: readonly Point[], calm: readonly Outcome[] = []): string {
  const each = points.flatMap(({ step, when }, index) => {
    if (step === UNDISTURBED.step) return [];
    const { told } = calm[index] ?? assert.fail();
    return `${steps[index]?.what ?? ''}, killed ${when} ${told.steps[step - 1]?.what ?? ''} (${step} of ${told.steps.length})`;
  });
  return each.join('; ');
}
