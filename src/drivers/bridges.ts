import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReasonedError } from '../api/errors.ts';
import { ip } from './bridges/commands.ts';
import { readInterfaces } from './bridges/interfaces.ts';
import type { Interfaces } from './bridges/interfaces.ts';
import { neighbourLines, readNeighbours, type Neighbour } from './bridges/neighbours.ts';
import { createParking } from './bridges/parking.ts';
import type { ParkedPort } from './bridges/parking.ts';
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

export type { Neighbour };

/** The vmhost's Linux bridges and what is plugged into them. Errors: ReasonedError AttachFailed and IoError, ExecError. */
export interface Bridges {
  /** Interfaces that are ports of the bridge, by name; none when there is no such bridge. */
  ports(bridge: string): Promise<string[]>;
  /** The bridge that an interface is a port of; undefined when it is of none, or not there. */
  masterOf(name: string): Promise<string | undefined>;
  exists(name: string): Promise<boolean>;
  /** Bytes; undefined when it is not there. */
  mtuOf(name: string): Promise<number | undefined>;
  /** Interfaces that are gone by now are left out. */
  setMtu(mtu: number, ports: readonly string[]): Promise<void>;
  /** Who the vmhost reaches by that bridge without asking first; none when there is no such bridge. */
  neighbours(bridge: string): Promise<Neighbour[]>;
  /** The interfaces that reach each other by that parking bridge; undefined when there is none. */
  parked(parking: string): Promise<string[] | undefined>;
  /**
   * Lets ports of a bridge reach each other by a parking bridge, whatever becomes of their own. No frame between them is
   * lost; what they send to others on their own bridge is. After an error they still use their own.
   */
  park(parking: string, ports: readonly string[]): Promise<void>;
  /**
   * Plugs interfaces into a bridge, parked or not; those that are gone by now are left out. No frame between parked ones is lost.
   * @param known whom the vmhost reaches there without asking: what it asked in vain before, it asks again only after a second
   */
  attach(attachment: Attachment, known?: readonly Neighbour[]): Promise<void>;
  /** Whether frames between ports of a bridge pass through iptables (net.bridge.bridge-nf-call-iptables). */
  filtersFrames(): Promise<boolean>;
}

export interface BridgesOptions {
  readonly exec?: Exec;
  /** Default /sys/class/net. */
  readonly sysDir?: string;
  /** Default /proc/sys/net/bridge. */
  readonly sysctlDir?: string;
  /** Default setTimeout of node:timers/promises. */
  readonly delay?: (ms: number) => Promise<unknown>;
}

/** Reads sysfs and changes by ip(8) and nft(8), one batch for any number of ports. */
export function createBridges(options: BridgesOptions = {}): Bridges {
  const { exec = runCommand, sysDir = '/sys/class/net', sysctlDir = '/proc/sys/net/bridge' } = options;
  const interfaces = readInterfaces(sysDir);
  const parking = createParking({ exec, interfaces, delay: options.delay ?? sleep });
  const { exists, masterOf, ports } = interfaces;
  return {
    masterOf,
    exists,
    ports,
    async mtuOf(name) {
      const mtu = Number((await interfaces.attribute(name, 'mtu')) ?? Number.NaN);
      return Number.isInteger(mtu) ? mtu : undefined;
    },
    async setMtu(mtu, names) {
      await ip(
        exec,
        names.map((name) => `link set ${name} mtu ${mtu}`),
      );
    },
    neighbours: (bridge) => readNeighbours(exec, bridge),
    parked: async (name) => (await parking.parked(name))?.map(({ port }) => port).sort(),
    park: parking.enter,
    async attach(attachment, known = []) {
      const { bridge } = attachment;
      if (!(await exists(bridge))) {
        throw new ReasonedError(
          'AttachFailed',
          `cannot attach interfaces to ${bridge}: there is no such bridge`,
        );
      }
      const parked = await parking.parked(attachment.parking);
      const said = await ip(exec, attachLines(attachment, parked ?? [], known));
      if (parked !== undefined) await parking.leave(attachment.parking);
      for (const port of attachment.ports) await expectAttached(interfaces, { port, bridge, said });
    },
    filtersFrames: async () =>
      (await readIfExists(join(sysctlDir, 'bridge-nf-call-iptables')))?.trim() === '1',
  };
}

function attachLines(
  { bridge, ports, stp, mtu }: Attachment,
  parked: readonly ParkedPort[],
  known: readonly Neighbour[],
): string[] {
  const isolated = new Set(parked.filter((each) => each.isolated).map(({ port }) => port));
  return [
    `link set ${bridge} type bridge stp_state 0`,
    ...ports.flatMap((port) => [
      ...(mtu === undefined ? [] : [`link set ${port} mtu ${mtu}`]),
      `link set ${port} master ${bridge}`,
      ...(isolated.has(port) ? [`link set ${port} type bridge_slave isolated on`] : []),
    ]),
    ...neighbourLines(bridge, known),
    `link set ${bridge} type bridge stp_state ${stp ? 1 : 0}`,
  ];
}

async function expectAttached(
  { exists, masterOf }: Interfaces,
  { port, bridge, said }: { readonly port: string; readonly bridge: string; readonly said: string },
): Promise<void> {
  const [there, master] = [await exists(port), await masterOf(port)];
  if (!there || master === bridge) return;
  throw new ReasonedError('AttachFailed', `cannot attach interface "${port}" to ${bridge}: ${said}`);
}
