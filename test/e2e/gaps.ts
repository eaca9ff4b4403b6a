import assert from 'node:assert/strict';
import type { Lab } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';

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
  const count = Math.round(seconds / INTERVAL_SECONDS);
  const { stdout } = await lab.exec(place(from, `${ping(to)} -c ${count} -W 1`), { timeoutMs: 300_000 });
  return readGaps(stdout);
}

/** The same for as long as it takes; resolves once the first answer is there. @returns what ends it */
export async function startPing(
  lab: Lab,
  from: string | undefined,
  to: string,
): Promise<() => Promise<Gaps>> {
  const log = `/tmp/ping-${from ?? 'vmhost'}-${to}`;
  await lab.must(place(from, `rm -f ${log}; (${ping(to)} > ${log} 2>&1 < /dev/null & echo $! > ${log}.pid)`));
  const answered = async (): Promise<true | undefined> =>
    (await lab.exec(place(from, `grep -q seq= ${log}`))).code === 0 ? true : undefined;
  assert.ok(
    await poll(answered, { timeoutMs: 20_000, intervalMs: 200 }),
    `${to} answers ${from ?? 'the vmhost'}`,
  );
  return async () => {
    const end = `kill -INT $(cat ${log}.pid); while kill -0 $(cat ${log}.pid) 2>/dev/null; do :; done; cat ${log}`;
    return readGaps(await lab.must(place(from, end)));
  };
}

function ping(to: string): string {
  return `LC_ALL=C ping -i ${INTERVAL_SECONDS} ${to}`;
}

function place(from: string | undefined, command: string): string[] {
  return from === undefined ? ['sh', '-c', command] : ['ssh', from, command];
}

/** @param output of ping, to its summary */
function readGaps(output: string): Gaps {
  const seen = new Set([...output.matchAll(/seq=(\d+)/g)].map(([, seq]) => Number(seq)));
  const sent = Number(/(\d+) packets transmitted/.exec(output)?.[1] ?? Number.NaN);
  assert.ok(seen.size > 0 && sent > 0, `ping printed: ${output.slice(-300)}`);
  // busybox counts from 0, iputils from 1.
  const first = / 56 data bytes/.test(output) ? 0 : 1;
  // The answer to the last one may be on its way when it ends.
  return gapsIn(seen, first, seen.has(first + sent - 1) ? sent : sent - 1);
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
