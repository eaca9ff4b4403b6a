import { join } from 'node:path';
import { readIfExists } from '../files.ts';
import { contentStamp, keepByStamp } from '../stamps.ts';
import { createLeaseTable, parseLeases, type LeaseTable } from './leases.ts';

export interface LeaseReaderOptions {
  readonly dir: string;
  /** Waits before a half-written file is read again. */
  readonly delay: (ms: number) => Promise<unknown>;
}

const TRIES = 4;
const RETRY_MS = 25;
/** Bridges whose leases are kept. */
const LIMIT = 256;

/** Reads BRIDGE.status files, each once for each change; without a whole file there are no leases. */
export function createLeaseReader({
  dir,
  delay,
}: LeaseReaderOptions): (bridge: string) => Promise<LeaseTable> {
  async function read(path: string): Promise<LeaseTable> {
    for (let tries = 1; ; tries += 1) {
      const leases = parseLeases((await readIfExists(path)) ?? '');
      if (leases !== undefined) return createLeaseTable(leases);
      if (tries === TRIES) return createLeaseTable([]);
      await delay(RETRY_MS);
    }
  }
  const kept = keepByStamp({ read, stampOf: contentStamp, limit: LIMIT });
  return (bridge) => kept.get(join(dir, `${bridge}.status`));
}
