import assert from 'node:assert/strict';
import type { Lab } from '../lab/lab.ts';

export interface Gaps {
  readonly sent: number;
  readonly lost: number;
  /** Rows of packets lost one after the other. */
  readonly gaps: number;
  /** Of the longest row. */
  readonly longestSeconds: number;
}

const INTERVAL_SECONDS = 0.05;

/** Pings 20 times a second, from a guest or (undefined) from the vmhost, and tells what was lost when. */
export async function pingGaps(
  lab: Lab,
  from: string | undefined,
  to: string,
  seconds: number,
): Promise<Gaps> {
  const sent = Math.round(seconds / INTERVAL_SECONDS);
  const command = `LC_ALL=C ping -i ${INTERVAL_SECONDS} -c ${sent} -W 1 ${to}`;
  const argv = from === undefined ? ['sh', '-c', command] : ['ssh', from, command];
  const { stdout } = await lab.exec(argv, { timeoutMs: 300_000 });
  const seen = [...stdout.matchAll(/seq=(\d+)/g)].map(([, seq]) => Number(seq));
  assert.ok(seen.length > 0, `ping from ${from ?? 'the vmhost'} to ${to} printed: ${stdout}`);
  // busybox counts from 0, iputils from 1.
  const first = / 56 data bytes/.test(stdout) ? 0 : 1;
  return gapsIn(new Set(seen), first, sent);
}

function gapsIn(seen: ReadonlySet<number>, first: number, sent: number): Gaps {
  const rows: number[] = [];
  let row = 0;
  for (let seq = first; seq < first + sent; seq++) {
    if (!seen.has(seq)) row += 1;
    else {
      if (row > 0) rows.push(row);
      row = 0;
    }
  }
  if (row > 0) rows.push(row);
  return {
    sent,
    lost: rows.reduce((sum, length) => sum + length, 0),
    gaps: rows.length,
    longestSeconds: Math.max(0, ...rows) * INTERVAL_SECONDS,
  };
}
