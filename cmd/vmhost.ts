import { DEFAULT_CONFIG_PATH } from '../src/daemon/config-path.ts';
import { loadConfig } from '../src/daemon/config.ts';
import type { DaemonConfig } from '../src/api/daemon-config.ts';
import type { Guest } from '../src/cli/guest.ts';

/** What commands need to know of the daemon's configuration, with its defaults where there is none. */
export function readConfig(): Promise<DaemonConfig> {
  return loadConfig(DEFAULT_CONFIG_PATH, { mustExist: false });
}

/** The daemon's own key, which root may use, for a guest that has it. */
export async function daemonIdentities({ hostKey }: Pick<Guest, 'hostKey'>): Promise<string[]> {
  if (process.getuid?.() !== 0 || hostKey === undefined) return [];
  return [(await readConfig()).identity];
}
