import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReasonedError } from '../api/errors.ts';
import { readInterfaces } from './bridges/interfaces.ts';
import { noRedirection, plugIn, redirection, standIn, standInOf } from './bridges/stand-ins.ts';
import type { PortTraits, StandIn } from './bridges/stand-ins.ts';
import { exec as runCommand } from './exec.ts';
import type { Exec } from './exec.ts';
import { readIfExists } from './files.ts';

export interface Attachment {
  readonly bridge: string;
  readonly ports: readonly string[];
  /** Whether the bridge runs STP when all is done; meanwhile it does not, or ports would wait seconds to forward. */
  readonly stp: boolean;
  /** Of the ports; left as it is when not given. */
  readonly mtu?: number;
  /** Parking bridge, which is gone when all is done. */
  readonly parking: string;
}

/** The vmhost's Linux bridges and what is plugged into them. Errors: ReasonedError AttachFailed and IoError, ExecError. */
export interface Bridges {
  /** Interfaces that are ports of the bridge, by name; none when there is no such bridge. */
  ports(bridge: string): Promise<string[]>;
  /** The bridge that an interface is a port of; undefined when it is of none, or not there. */
  masterOf(name: string): Promise<string | undefined>;
  exists(name: string): Promise<boolean>;
  /** The interfaces that reach each other by that parking bridge; undefined when there is none. */
  parked(parking: string): Promise<string[] | undefined>;
  /**
   * Lets ports of a bridge reach each other by a parking bridge, whatever becomes of their own. No frame between them is
   * lost; what they send to others on their own bridge is. After an error they still use their own.
   */
  park(parking: string, ports: readonly string[]): Promise<void>;
  /** Plugs interfaces into a bridge, parked or not; those that are gone by now are left out. No frame between parked ones is lost. */
  attach(attachment: Attachment): Promise<void>;
  /** Whether frames between ports of a bridge pass through iptables (net.bridge.bridge-nf-call-iptables). */
  filtersFrames(): Promise<boolean>;
}

export interface BridgesOptions {
  readonly exec?: Exec;
  /** Default /sys/class/net. */
  readonly sysDir?: string;
  /** Default /proc/sys/net/bridge. */
  readonly sysctlDir?: string;
  /** Waits before it is looked again whether a port forwards. */
  readonly delay?: (ms: number) => Promise<unknown>;
}

const DEADLINE_MS = 10_000;
const FORWARD_TRIES = 1000;
const FORWARD_RETRY_MS = 5;
/** As in brport/state. */
const FORWARDING = '3';

/** Reads sysfs and changes by ip(8) and nft(8), one batch for any number of ports. */
export function createBridges(options: BridgesOptions = {}): Bridges {
  const { exec = runCommand, sysDir = '/sys/class/net', sysctlDir = '/proc/sys/net/bridge' } = options;
  const { delay = sleep } = options;
  const { exists, masterOf, ports, attribute } = readInterfaces(sysDir);

  async function isIsolated(port: string): Promise<boolean> {
    return (await attribute(port, 'brport/isolated')) === '1';
  }

  /** @returns nothing for a port that is gone */
  async function plan(port: string): Promise<(PortTraits & StandIn)[]> {
    const [ifindex, mtu] = [await attribute(port, 'ifindex'), await attribute(port, 'mtu')];
    if (ifindex === undefined || mtu === undefined) return [];
    return [{ ...standIn(port, ifindex), mtu, isolated: await isIsolated(port) }];
  }

  async function standInsAt(parking: string): Promise<StandIn[]> {
    const plugs = await ports(parking);
    const found = plugs.map(async (plug) => standInOf(plug, (await attribute(plug, 'ifalias')) ?? ''));
    return Promise.all(found);
  }

  async function untilForwarding(plug: string, said: string): Promise<void> {
    for (let tries = 0; tries < FORWARD_TRIES; tries++) {
      if ((await attribute(plug, 'brport/state')) === FORWARDING) return;
      await delay(FORWARD_RETRY_MS);
    }
    throw new ReasonedError('AttachFailed', `cannot park interfaces: "${plug}" does not forward; ${said}`);
  }

  async function expectAttached(bridge: string, wanted: readonly string[], said: string): Promise<void> {
    for (const port of wanted) {
      const [there, master] = [await exists(port), await masterOf(port)];
      if (!there || master === bridge) continue;
      throw new ReasonedError('AttachFailed', `cannot attach interface "${port}" to ${bridge}: ${said}`);
    }
  }

  /** What is on its way from one port to another is still delivered. */
  async function stopRedirection(parking: string): Promise<void> {
    await nft(exec, noRedirection(inward(parking)));
    await nft(exec, noRedirection(outward(parking)));
  }

  return {
    masterOf,
    exists,
    ports,
    async parked(parking) {
      if (!(await exists(parking))) return undefined;
      return (await standInsAt(parking)).map(({ port }) => port).sort();
    },
    async park(parking, wanted) {
      await stopRedirection(parking);
      const standIns = (await Promise.all(wanted.map(plan))).flat();
      const said = await batch(exec, [
        ...((await exists(parking)) ? [] : [`link add ${parking} type bridge stp_state 0`]),
        `link set ${parking} addrgenmode none`,
        `link set ${parking} up`,
        ...standIns.flatMap((each) => plugIn(each, parking, each)),
      ]);
      for (const { plug } of standIns) await untilForwarding(plug, said);
      await nft(
        exec,
        redirection(
          outward(parking),
          standIns.map(({ end, port }) => [end, port]),
        ),
      );
      await nft(
        exec,
        redirection(
          inward(parking),
          standIns.map(({ end, port }) => [port, end]),
        ),
      );
    },
    async attach({ bridge, ports: wanted, stp, mtu, parking }) {
      if (!(await exists(bridge))) {
        throw new ReasonedError(
          'AttachFailed',
          `cannot attach interfaces to ${bridge}: there is no such bridge`,
        );
      }
      const standIns = await standInsAt(parking);
      const isolated = new Set<string>();
      for (const { port, plug } of standIns) if (await isIsolated(plug)) isolated.add(port);
      const said = await batch(exec, [
        `link set ${bridge} type bridge stp_state 0`,
        ...wanted.flatMap((port) => [
          ...(mtu === undefined ? [] : [`link set ${port} mtu ${mtu}`]),
          `link set ${port} master ${bridge}`,
          ...(isolated.has(port) ? [`link set ${port} type bridge_slave isolated on`] : []),
        ]),
        `link set ${bridge} type bridge stp_state ${stp ? 1 : 0}`,
      ]);
      if (await exists(parking)) {
        await stopRedirection(parking);
        await batch(exec, [...standIns.map(({ end }) => `link delete ${end}`), `link delete ${parking}`]);
      }
      await expectAttached(bridge, wanted, said);
    },
    filtersFrames: async () =>
      (await readIfExists(join(sysctlDir, 'bridge-nf-call-iptables')))?.trim() === '1',
  };
}

/** The table that hands what ports receive to their stand-ins. */
function inward(parking: string): string {
  return `${parking}-in`;
}

/** The table that lets what arrives at the stand-ins leave by their ports. */
function outward(parking: string): string {
  return `${parking}-out`;
}

async function nft(exec: Exec, input: string): Promise<void> {
  await exec(['nft', '-f', '-'], { deadlineMs: DEADLINE_MS, input });
}

/** @returns what ip said; a line that fails does not keep the others from being done */
async function batch(exec: Exec, lines: readonly string[]): Promise<string> {
  const input = `${lines.join('\n')}\n`;
  const options = { deadlineMs: DEADLINE_MS, input, okCodes: [0, 1, 2] };
  const { stderr } = await exec(['ip', '-force', '-batch', '-'], options);
  return stderr.trim();
}
