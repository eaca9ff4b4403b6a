import { ReasonedError } from '../../api/errors.ts';
import type { Exec } from '../exec.ts';
import { ip, nft } from './commands.ts';
import type { Interfaces } from './interfaces.ts';
import { noRedirection, plugIn, redirection, standIn } from './stand-ins.ts';
import type { StandIn } from './stand-ins.ts';

/** A bridge by which ports of another one reach each other through stand-ins. Errors: AttachFailed, IoError, ExecError. */
export interface Parking {
  /** Undefined when there is no such bridge. */
  readonly parked: (bridge: string) => Promise<ParkedPort[] | undefined>;
  /** After an error the ports still use their own bridge. */
  readonly enter: (bridge: string, ports: readonly string[]) => Promise<void>;
  /** The ports use their own bridge again, and the parking bridge is gone. */
  readonly leave: (bridge: string) => Promise<void>;
}

export type ParkedPort = Pick<StandIn, 'port' | 'isolated'>;

export interface ParkingDeps {
  readonly exec: Exec;
  readonly interfaces: Interfaces;
  /** Waits before it is looked again whether a stand-in forwards, and while frames are on their way. */
  readonly delay: (ms: number) => Promise<unknown>;
}

const FORWARD_TRIES = 1000;
const FORWARD_RETRY_MS = 5;
/** Longer than any answer among 14,000 took from guest to guest, their own time included, on a busy machine. */
const DRAIN_MS = 150;
/** As in brport/state. */
const FORWARDING = '3';

export function createParking(deps: ParkingDeps): Parking {
  const { exec, interfaces } = deps;
  return {
    async parked(bridge) {
      if (!(await interfaces.exists(bridge))) return undefined;
      const plugs = await interfaces.ports(bridge);
      return Promise.all(plugs.map((plug) => parkedBy(interfaces, plug)));
    },
    async enter(bridge, ports) {
      await nft(exec, noRedirection(inTable(bridge)) + noRedirection(outTable(bridge)));
      const standIns = (await Promise.all(ports.map((port) => planStandIn(interfaces, port)))).flat();
      const said = await ip(exec, [
        ...((await interfaces.exists(bridge)) ? [] : [`link add ${bridge} type bridge stp_state 0`]),
        `link set ${bridge} addrgenmode none`,
        `link set ${bridge} up`,
        ...standIns.flatMap((each) => plugIn(each, bridge)),
      ]);
      for (const { plug } of standIns) await untilForwarding(deps, plug, said);
      await startRedirection(exec, bridge, standIns);
    },
    async leave(bridge) {
      await nft(exec, noRedirection(inTable(bridge)));
      // What is on its way is still delivered.
      await deps.delay(DRAIN_MS);
      await nft(exec, noRedirection(outTable(bridge)));
      const plugs = await interfaces.ports(bridge);
      await ip(
        exec,
        [...plugs, bridge].map((name) => `link delete ${name}`),
      );
    },
  };
}

async function parkedBy(interfaces: Interfaces, plug: string): Promise<ParkedPort> {
  const port = (await interfaces.attribute(plug, 'ifalias')) ?? '';
  return { port, isolated: await isIsolated(interfaces, plug) };
}

/** @returns nothing for a port that is gone */
async function planStandIn(interfaces: Interfaces, port: string): Promise<StandIn[]> {
  const ifindex = await interfaces.attribute(port, 'ifindex');
  const mtu = await interfaces.attribute(port, 'mtu');
  if (ifindex === undefined || mtu === undefined) return [];
  return [standIn({ port, mtu, isolated: await isIsolated(interfaces, port) }, ifindex)];
}

async function isIsolated(interfaces: Interfaces, port: string): Promise<boolean> {
  return (await interfaces.attribute(port, 'brport/isolated')) === '1';
}

async function untilForwarding(
  { interfaces, delay }: ParkingDeps,
  plug: string,
  said: string,
): Promise<void> {
  for (let tries = 0; tries < FORWARD_TRIES; tries++) {
    if ((await interfaces.attribute(plug, 'brport/state')) === FORWARDING) return;
    await delay(FORWARD_RETRY_MS);
  }
  throw new ReasonedError('AttachFailed', `cannot park interfaces: "${plug}" does not forward; ${said}`);
}

/** Frames find the way out before the way in, so that none is stuck on the parking bridge. */
async function startRedirection(exec: Exec, bridge: string, standIns: readonly StandIn[]): Promise<void> {
  const out = standIns.map(({ end, port }) => [end, port] as const);
  const into = standIns.map(({ end, port }) => [port, end] as const);
  await nft(exec, redirection(outTable(bridge), out));
  await nft(exec, redirection(inTable(bridge), into));
}

function inTable(bridge: string): string {
  return `${bridge}-in`;
}

function outTable(bridge: string): string {
  return `${bridge}-out`;
}
