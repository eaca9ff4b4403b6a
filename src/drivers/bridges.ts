import { readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReasonedError } from '../api/errors.ts';
import { exec as runCommand } from './exec.ts';
import type { Exec } from './exec.ts';
import { readIfExists } from './files.ts';
import { ioError, isMissing } from './io-errors.ts';

export interface Attachment {
  readonly bridge: string;
  readonly ports: readonly string[];
  /** Whether the bridge runs STP when all is done; meanwhile it does not, or ports would wait seconds to forward. */
  readonly stp: boolean;
  /** Of the ports; left as it is when not given. */
  readonly mtu?: number;
  /** Bridge to remove when all is done. */
  readonly parking: string;
}

/** The vmhost's Linux bridges and what is plugged into them. Errors: ReasonedError AttachFailed and IoError, ExecError. */
export interface Bridges {
  /** Interfaces that are ports of the bridge but our own, by name; none when there is no such bridge. */
  ports(bridge: string): Promise<string[]>;
  /** The bridge that an interface is a port of; undefined when it is of none, or not there. */
  masterOf(name: string): Promise<string | undefined>;
  exists(name: string): Promise<boolean>;
  /**
   * Moves ports of a bridge to one of their own, made where it is missing: they go on reaching each other there. STP is
   * off on the bridge that they leave.
   */
  park(parking: string, bridge: string, ports: readonly string[]): Promise<void>;
  /** Moves ports to a bridge; those that are gone by now are left out. */
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
  /** Waits before it is looked again whether two bridges are connected. */
  readonly delay?: (ms: number) => Promise<unknown>;
}

const DEADLINE_MS = 10_000;
const LINK_TRIES = 100;
const LINK_RETRY_MS = 5;
/** As in brport/state. */
const FORWARDING = '3';

/** Reads sysfs and changes by ip(8), one batch for any number of ports. */
export function createBridges(options: BridgesOptions = {}): Bridges {
  const { exec = runCommand, sysDir = '/sys/class/net', sysctlDir = '/proc/sys/net/bridge' } = options;
  const { delay = sleep } = options;

  async function masterOf(name: string): Promise<string | undefined> {
    return orMissing(readlink(join(sysDir, name, 'master')).then((path) => basename(path)));
  }

  async function exists(name: string): Promise<boolean> {
    return (await orMissing(readlink(join(sysDir, name)))) !== undefined;
  }

  async function expectAttached(bridge: string, ports: readonly string[], said: string): Promise<void> {
    for (const port of ports) {
      const [there, master] = [await exists(port), await masterOf(port)];
      if (!there || master === bridge) continue;
      throw new ReasonedError('AttachFailed', `cannot attach interface "${port}" to ${bridge}: ${said}`);
    }
  }

  async function isForwarding(port: string): Promise<boolean> {
    return (await readIfExists(join(sysDir, port, 'brport/state')))?.trim() === FORWARDING;
  }

  /** Ports on either side reach each other while one after the other moves over. @returns what ip said */
  async function moveOver(
    { from, to, parking }: { from: string; to: string; parking: string },
    ports: readonly string[],
    mtu?: number,
  ): Promise<string> {
    const moves = ports.flatMap((port) => [
      ...(mtu === undefined ? [] : [`link set ${port} mtu ${mtu}`]),
      `link set ${port} master ${to}`,
    ]);
    if (!(await exists(from))) return batch(exec, moves);
    const ends = linkEnds(parking);
    await batch(exec, [
      // One that a killed daemon left.
      `link delete ${ends[0]}`,
      `link add ${ends[0]} type veth peer name ${ends[1]}`,
      ...ends.map((end) => `link set ${end} addrgenmode none`),
      `link set ${ends[0]} master ${from}`,
      `link set ${ends[1]} master ${to}`,
      // What was learned about a port behind the connection would be wrong as soon as that port has moved.
      ...ends.map((end) => `link set ${end} type bridge_slave learning off`),
      ...ends.map((end) => `link set ${end} up`),
    ]);
    for (let tries = 0; tries < LINK_TRIES; tries++) {
      if ((await isForwarding(ends[0])) && (await isForwarding(ends[1]))) break;
      await delay(LINK_RETRY_MS);
    }
    return batch(exec, [...moves, `link delete ${ends[0]}`]);
  }

  return {
    masterOf,
    exists,
    async ports(bridge) {
      const all = (await orMissing(readdir(join(sysDir, bridge, 'brif')))) ?? [];
      return all.filter((port) => !LINK_END.test(port));
    },
    async park(parking, bridge, ports) {
      await batch(exec, [
        ...((await exists(parking)) ? [] : [`link add ${parking} type bridge stp_state 0`]),
        `link set ${parking} addrgenmode none`,
        `link set ${parking} up`,
        `link set ${bridge} type bridge stp_state 0`,
      ]);
      await expectAttached(parking, ports, await moveOver({ from: bridge, to: parking, parking }, ports));
    },
    async attach({ bridge, ports, stp, mtu, parking }) {
      await batch(exec, [`link set ${bridge} type bridge stp_state 0`]);
      const said = await moveOver({ from: parking, to: bridge, parking }, ports, mtu);
      await batch(exec, [`link set ${bridge} type bridge stp_state ${stp ? 1 : 0}`]);
      await expectAttached(bridge, ports, said);
      if (await exists(parking)) await batch(exec, [`link delete ${parking}`]);
    },
    filtersFrames: async () =>
      (await readIfExists(join(sysctlDir, 'bridge-nf-call-iptables')))?.trim() === '1',
  };
}

/** Two ends of one cable: both in one bridge would be a loop, so they are never counted as ports. */
function linkEnds(parking: string): readonly [string, string] {
  const name = parking.slice(0, 13);
  return [`${name}-0`, `${name}-1`];
}

const LINK_END = /^k8sp-[0-9a-f]+-[01]$/;

/** @returns what ip said; a line that fails does not keep the others from being done */
async function batch(exec: Exec, lines: readonly string[]): Promise<string> {
  const input = `${lines.join('\n')}\n`;
  const options = { deadlineMs: DEADLINE_MS, input, okCodes: [0, 1, 2] };
  const { stderr } = await exec(['ip', '-force', '-batch', '-'], options);
  return stderr.trim();
}

async function orMissing<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw await ioError('read', '/sys/class/net', error);
  }
}
