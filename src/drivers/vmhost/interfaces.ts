import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../io-errors.ts';
import { readIfExists } from '../files.ts';

/** An interface of the vmhost, as sysfs shows it. */
export interface Interface {
  readonly name: string;
  /** Whether it carries anything: `up`, or `unknown` of those that cannot tell. */
  readonly up: boolean;
}

export async function readInterfaceStates(sysDir = '/sys/class/net'): Promise<Interface[]> {
  const names = await readdir(sysDir).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return Promise.all(
    names.sort().map(async (name) => {
      const state = (await readIfExists(join(sysDir, name, 'operstate')).catch(() => undefined))?.trim();
      return { name, up: state === 'up' || state === 'unknown' };
    }),
  );
}

/**
 * Whether anything takes port 53 of all addresses, so that no network's dnsmasq gets it on its own.
 * @param tables the files udp and tcp of /proc/net
 */
export function takesPort53(tables: readonly string[]): boolean {
  return tables.some((table) => /^[ \t]*\d+: 0{8}:0035 /m.test(table));
}
