import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { printPlan, type PlanAnswer } from '../../../src/cli/plan.ts';
import type { Lab } from '../../lab/lab.ts';
import { poll } from '../../lab/processes.ts';
import { allObjects, askApi } from '../../lab/api.ts';
import { readinessOf } from '../../lab/progress.ts';
import { applyManifests } from '../bed.ts';
import { startPing } from '../gaps.ts';
import type { Killer, Told } from './killer.ts';
import type { Order } from './order.ts';
import type { Base, Round, State, Step } from './states.ts';
import { feltOf, moreFelt, vmhostOf } from './vmhost.ts';

export type Point = Pick<Order, 'step' | 'when'>;

/** How a step ended. */
export interface Outcome {
  readonly told: Told;
  readonly vmhost: readonly string[];
  /** How often which guest was started or ended by it. */
  readonly felt: readonly string[];
}

export interface Bed {
  readonly lab: Lab;
  readonly killer: Killer;
  readonly base: Base;
}

/** The daemon lives. */
export const UNDISTURBED: Point = { step: 0, when: 'before' };
const LIMIT = { timeoutMs: 150_000, intervalMs: 200 };
/** Looks at a vmhost where nothing is done any more, until it is not what it should be. */
const LOOKS = 20;

/** Plays a step; with the end of the undisturbed run, it is waited for, and held to it. */
export async function play(
  bed: Bed,
  [round, step]: readonly [Round, Step],
  point: Point = UNDISTURBED,
  calm?: Outcome,
): Promise<Outcome> {
  const { lab, killer } = bed;
  const before = await feltOf(lab);
  const stop = round.felt ? undefined : await startPing(lab, 'a', '192.168.111.11');
  await change(bed, step, point);
  // Or nothing would be left to do before anything is done.
  assert.ok(await poll(() => killer.hasBegun(), LIMIT), 'nothing is changed');
  const vmhost = await settled(bed, step, calm?.vmhost);
  const told = await killer.told();
  const felt = moreFelt(before, await feltOf(lab));
  if (stop !== undefined) assert.equal((await stop()).lost, 0, 'packets between guests');
  if (calm !== undefined) assert.deepEqual(otherLines(vmhost, calm.vmhost), []);
  if (calm !== undefined) assert.deepEqual(felt, calm.felt, 'what guests felt');
  return { told, vmhost, felt };
}

async function change(
  { lab, killer, base: { ssh } }: Bed,
  { whileDown, first, state }: Step,
  point: Point,
): Promise<void> {
  if (whileDown) await lab.must(['systemctl', 'stop', 'k8slabd']);
  if (first !== undefined) await lab.must(['bash', '-c', first]);
  await killer.order({ ...point, ...(ssh === undefined ? {} : { ssh }) });
  await put(lab, state);
  // One that is killed before it is Ready did not start, for systemd; it tries again by itself.
  if (whileDown) await lab.exec(['systemctl', 'start', 'k8slabd']);
}

/** Makes these the manifests, and no others. */
export async function put(lab: Lab, state: State): Promise<void> {
  const there = (await lab.must(['ls', '/etc/k8slab.d'])).split('\n').filter((name) => name !== '');
  const gone = there.filter((name) => !(name in state)).map((name) => `/etc/k8slab.d/${name}`);
  if (gone.length > 0) await lab.must(['rm', ...gone]);
  const [sum = ''] = (await lab.must(['sha256sum', '/srv/images/tiny.qcow2'])).split(' ');
  const texts = await Promise.all(
    Object.entries(state).map(async ([name, template]) => {
      const text = template.replace('@SUM@', sum);
      const { stdout } = await lab.exec(['cat', `/etc/k8slab.d/${name}`]);
      return stdout === text ? [] : [[name, text] as const];
    }),
  );
  await applyManifests(lab, texts.flat());
}

/** Waits until there is nothing to do any more; with an end, until it is that one or time is over. */
export async function settled(
  { lab, killer, base: { shows } }: Bed,
  { but }: Pick<Step, 'but'>,
  wanted?: readonly string[],
): Promise<readonly string[]> {
  let last: readonly string[] = [];
  let [idle, looks] = [false, 0];
  await poll(async () => {
    idle = await isIdle(lab);
    if (!idle) return undefined;
    if (looks === 0) await killer.rest();
    looks += 1;
    const now = await vmhostOf(lab, { but, shows });
    const end = isDeepStrictEqual(now, wanted ?? last) || looks === LOOKS;
    last = now;
    return end ? true : undefined;
  }, LIMIT);
  assert.ok(idle, `it does not settle:\n${await whatItSays(lab)}`);
  return last;
}

async function isIdle(lab: Lab): Promise<boolean> {
  // The cheaper question first: it is asked again and again while guests boot.
  const all = await allObjects(lab);
  if (!('items' in all && readinessOf(all.items).every(({ ready }) => ready))) return false;
  // By the socket: the command starts Node each time, a second on a busy machine.
  const { code, stdout } = await askApi(lab, ['plan']);
  if (code !== 0) return false;
  const plan = printPlan(JSON.parse(stdout) as PlanAnswer);
  // What is pending is left to a person.
  return /^(Nothing to do|No action now)/m.test(plan) && !plan.includes('<waits>');
}

async function whatItSays(lab: Lab): Promise<string> {
  const script = 'k8slab plan; k8slab get all; journalctl -u k8slabd -o cat --no-pager -n 40';
  return (await lab.exec(['sh', '-c', script])).stdout;
}

/** What only one of the two has. */
function otherLines(found: readonly string[], wanted: readonly string[]): readonly string[] {
  return [
    ...found.filter((line) => !wanted.includes(line)).map((line) => `+ ${line}`),
    ...wanted.filter((line) => !found.includes(line)).map((line) => `- ${line}`),
    ...(found.length === wanted.length ? [] : [`${found.length} lines instead of ${wanted.length}`]),
  ];
}
