import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';

/**
 * Says which content a file has: as long as its stamp is the same, so is what is of interest in it. Undefined when it
 * cannot be told, as of a missing file.
 */
export type StampOf = (path: string) => Promise<string | undefined>;

/** File systems tell times in ticks of a few milliseconds: a file may be written twice in one. */
const RACY_MS = 50;
let racy = 0;

/** Changes with every write. */
export async function contentStamp(path: string): Promise<string | undefined> {
  const found = await statOrNothing(path);
  if (found === undefined) return undefined;
  const stamp = `${identity(found)} ${found.size} ${found.mtimeNs}`;
  const young = Date.now() - Number(found.mtimeMs) < RACY_MS;
  return young ? `${stamp} ${(racy += 1)}` : stamp;
}

/** A raw disk is its size; what a guest writes into it is no matter. */
export async function sizeStamp(path: string): Promise<string | undefined> {
  const found = await statOrNothing(path);
  return found === undefined ? undefined : `${identity(found)} ${found.size}`;
}

/** Of a qcow2: its size, what it stands on and its features; what a running guest writes changes none of them. */
const HEADER_BYTES = 4096;

/** Changes with the first bytes of the file. */
export async function headerStamp(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const found = await file.stat({ bigint: true });
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const digest = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('base64');
    return `${identity(found)} ${digest}`;
  } finally {
    await file.close();
  }
}

async function statOrNothing(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** Values read from files, each read again only when its stamp is another one. */
export interface KeptByStamp<T> {
  /** Readers at the same time share one read. A file without a stamp is read each time. */
  get(path: string): Promise<T>;
}

export interface KeptByStampOptions<T> {
  readonly read: (path: string) => Promise<T>;
  readonly stampOf: StampOf;
  /** How many are kept; those that were not asked for longest go first. */
  readonly limit: number;
}

/** The stamp is taken before the read: what changes meanwhile has another one the next time. */
export function keepByStamp<T>({ read, stampOf, limit }: KeptByStampOptions<T>): KeptByStamp<T> {
  const kept = new Map<string, { readonly stamp: string; readonly value: Promise<T> }>();

  function keep(path: string, stamp: string, value: Promise<T>): void {
    kept.delete(path);
    kept.set(path, { stamp, value });
    const [oldest] = kept.keys();
    if (kept.size > limit && oldest !== undefined) kept.delete(oldest);
  }

  return {
    async get(path) {
      const stamp = await stampOf(path);
      if (stamp === undefined) {
        kept.delete(path);
        return read(path);
      }
      const before = kept.get(path);
      const value = before?.stamp === stamp ? before.value : read(path);
      keep(path, stamp, value);
      value.catch(() => {
        if (kept.get(path)?.value === value) kept.delete(path);
      });
      return value;
    },
  };
}
