import { readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
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
  readonly parking?: string;
}

/** The vmhost's Linux bridges and what is plugged into them. Errors: ReasonedError AttachFailed and IoError, ExecError. */
export interface Bridges {
  /** Interfaces that are ports of the bridge, by name; none when there is no such bridge. */
  ports(bridge: string): Promise<string[]>;
  /** The bridge that an interface is a port of; undefined when it is of none, or not there. */
  masterOf(name: string): Promise<string | undefined>;
  exists(name: string): Promise<boolean>;
  /** Moves ports to a bridge of their own, made where it is missing: they go on reaching each other there. */
  park(parking: string, ports: readonly string[]): Promise<void>;
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
}

const DEADLINE_MS = 10_000;

/** Reads sysfs and changes by ip(8), one batch for any number of ports. */
export function createBridges(options: BridgesOptions = {}): Bridges {
  const { exec = runCommand, sysDir = '/sys/class/net', sysctlDir = '/proc/sys/net/bridge' } = options;

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

  return {
    masterOf,
    exists,
    ports: async (bridge) => (await orMissing(readdir(join(sysDir, bridge, 'brif')))) ?? [],
    async park(parking, ports) {
      const made = (await exists(parking)) ? [] : [`link add ${parking} type bridge stp_state 0`];
      const moves = ports.map((port) => `link set ${port} master ${parking}`);
      const said = await batch(exec, [
        ...made,
        `link set ${parking} addrgenmode none`,
        `link set ${parking} up`,
        ...moves,
      ]);
      await expectAttached(parking, ports, said);
    },
    async attach({ bridge, ports, stp, mtu, parking }) {
      const moves = ports.flatMap((port) => [
        ...(mtu === undefined ? [] : [`link set ${port} mtu ${mtu}`]),
        `link set ${port} master ${bridge}`,
      ]);
      const said = await batch(exec, [
        `link set ${bridge} type bridge stp_state 0`,
        ...moves,
        `link set ${bridge} type bridge stp_state ${stp ? 1 : 0}`,
      ]);
      await expectAttached(bridge, ports, said);
      if (parking !== undefined && (await exists(parking))) await batch(exec, [`link delete ${parking}`]);
    },
    filtersFrames: async () =>
      (await readIfExists(join(sysctlDir, 'bridge-nf-call-iptables')))?.trim() === '1',
  };
}

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
