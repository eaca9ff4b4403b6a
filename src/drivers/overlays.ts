import { ReasonedError } from '../api/errors.ts';
import type {
  OverlayChange,
  OverlayDevice,
  OverlayFilter,
  OverlayNeighbours,
} from '../api/network/actions.ts';
import type { OverlayWorld, Underlay } from '../api/network/overlay-observed.ts';
import { exec as runCommand } from './exec.ts';
import type { Exec, ExecResult } from './exec.ts';
import { deviceLines, filterText, neighbourLines, noFilterText, plugLines } from './overlays/commands.ts';
import { parseChains, parseDevices, parseFdb } from './overlays/parse.ts';
import { readUnderlay, type UnderlayOptions } from './overlays/underlay.ts';

/** VXLAN devices, what filters them, and who is behind them. Errors: ReasonedError OverlayFailed, ExecError. */
export interface Overlays {
  /** Three processes, for any number of networks and guests. */
  read(): Promise<OverlayWorld>;
  /** Afterwards a device that was made or replaced is plugged in nowhere, and down. */
  set(device: OverlayDevice, how: OverlayChange): Promise<void>;
  filter(device: string, filter: OverlayFilter): Promise<void>;
  plug(plug: { readonly device: string; readonly bridge: string; readonly stp: boolean }): Promise<void>;
  /** Afterwards the bridge takes nothing from guests that it does not know to be behind the device. */
  update(device: string, neighbours: OverlayNeighbours): Promise<void>;
  remove(device: string): Promise<void>;
  /** How vmhosts are reached from this one's address; nothing is sent. */
  underlay(local: string, addresses: readonly string[]): Promise<Underlay>;
}

export interface OverlaysOptions extends UnderlayOptions {
  readonly exec?: Exec;
}

const DEADLINE_MS = 10_000;

/** By ip(8), bridge(8) and nft(8), one batch for any number of entries. */
export function createOverlays(options: OverlaysOptions = {}): Overlays {
  const { exec = runCommand } = options;
  const run = { deadlineMs: DEADLINE_MS };
  const read = async (argv: readonly string[]): Promise<string> => (await exec(argv, run)).stdout;
  const nft = (input: string): Promise<ExecResult> => exec(['nft', '-f', '-'], { ...run, input });
  return {
    async read() {
      const devices = parseDevices(await read(['ip', '-json', '-details', 'link', 'show']));
      const fdb = parseFdb(await read(['bridge', '-json', 'fdb', 'show']));
      const chains = parseChains(await read(['nft', '--json', 'list', 'ruleset', 'netdev']));
      return { devices, fdb, chains };
    },
    set: (device, how) => batch(exec, 'ip', deviceLines(device, how), `${how} device "${device.name}"`),
    async filter(device, filter) {
      await nft(filterText(device, filter));
    },
    plug: (plug) => batch(exec, 'ip', plugLines(plug), `plug device "${plug.device}" into ${plug.bridge}`),
    update: (device, neighbours) =>
      batch(exec, 'bridge', neighbourLines(device, neighbours), `tell device "${device}" its neighbours`),
    async remove(device) {
      await batch(exec, 'ip', [`link set ${device} nomaster`], `unplug device "${device}"`);
      // As long as the device is there, the daemon knows that something is left.
      await nft(noFilterText(device));
      await batch(exec, 'ip', [`link delete ${device}`], `remove device "${device}"`);
    },
    underlay: (local, addresses) => readUnderlay(local, addresses, options),
  };
}

/** Lines for ip(8) or bridge(8); one that fails does not keep the others from being done. */
async function batch(
  exec: Exec,
  program: 'ip' | 'bridge',
  lines: readonly string[],
  what: string,
): Promise<void> {
  const input = `${lines.join('\n')}\n`;
  const argv = [program, '-force', '-batch', '-'];
  const { code, stderr } = await exec(argv, { deadlineMs: DEADLINE_MS, input, okCodes: [0, 1, 2, 255] });
  if (code === 0) return;
  const said = stderr
    .trim()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const more = said.length > SAID ? `; and ${said.length - SAID} lines more` : '';
  throw new ReasonedError('OverlayFailed', `cannot ${what}: ${said.slice(0, SAID).join('; ')}${more}`);
}

const SAID = 6;
