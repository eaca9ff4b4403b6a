import { createWorld, type World } from '../controllers/fakes.ts';
import { NO_HAPROXY } from '../controllers/haproxy-fakes.ts';
import { createVmhost, type Vmhost } from './daemon.ts';
import type { Call, Fault } from './injector.ts';
import type { Scenario } from './scenarios.ts';

/** How a scenario ended. */
export interface Outcome {
  readonly settled: boolean;
  readonly world: World;
  readonly vmhost: Vmhost;
  /** Of the daemon that began it, until it was killed. */
  readonly calls: readonly Call[];
  /** Changes of the world since the scenario began. */
  readonly changes: readonly string[];
}

/** Guests that HAProxy can be installed in. */
const BALANCERS = ['192.168.111.11'];

/** Plays a scenario; `faults` happen to the calls of those numbers. */
export async function play(
  scenario: Scenario,
  faults: ReadonlyMap<number, Fault> = new Map(),
): Promise<Outcome> {
  const world = createWorld();
  for (const image of ['debian', 'other']) world.files.set(`/srv/images/${image}.qcow2`, 'qcow2');
  for (const address of BALANCERS) world.haproxies.set(address, { observed: NO_HAPROXY, text: '' });
  const vmhost = createVmhost(world);
  vmhost.put(scenario.before);
  await vmhost.settle();
  scenario.between?.(world);
  const before = world.calls.length;
  vmhost.arm(faults);
  const { injector } = vmhost;
  vmhost.put(scenario.after);
  await vmhost.settle();
  injector.disarm();
  // A fault may have come at the end, and is over by then.
  const settled = await vmhost.settle();
  return { settled, world, vmhost, calls: injector.calls, changes: world.calls.slice(before) };
}
