import assert from 'node:assert/strict';
import type { Vmhost } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';

export interface Gaps {
  readonly sent: number;
  readonly lost: number;
  /** The longest row of packets lost one after the other. */
  readonly longestSeconds: number;
  /** From the first packet that was lost to the last, with all that came through in between. */
  readonly spanSeconds: number;
  /** What the slowest answer took. */
  readonly slowestSeconds: number;
}

const INTERVAL_SECONDS = 0.05;
/** Pings that a busy machine may have under way: a second's. */
const IN_FLIGHT = 20;

/**
 * Pings 20 times a second, from a guest or (undefined) from the vmhost; resolves once the first answer is there.
 * @returns what ends it, once so many more answers are there that all pings before that call have had their time
 */
export async function startPing(
  lab: Vmhost,
  from: string | undefined,
  to: string,
): Promise<() => Promise<Gaps>> {
  const log = `/tmp/ping-${from ?? 'vmhost'}-${to}`;
  await lab.must(place(from, `rm -f ${log}; (${ping(to)} > ${log} 2>&1 < /dev/null & echo $! > ${log}.pid)`));
  const answers = async (): Promise<number> =>
    Number((await lab.exec(place(from, `grep -c seq= ${log}`))).stdout);
  const answered = async (count: number): Promise<void> => {
    const enough = async (): Promise<true | undefined> => ((await answers()) >= count ? true : undefined);
    assert.ok(
      await poll(enough, { timeoutMs: 20_000, intervalMs: 200 }),
      `${to} answers ${from ?? 'the vmhost'}`,
    );
  };
  await answered(1);
  return async () => {
    await answered((await answers()) + IN_FLIGHT);
    const end = `kill -INT $(cat ${log}.pid); while kill -0 $(cat ${log}.pid) 2>/dev/null; do :; done; cat ${log}`;
    return readGaps(await lab.must(place(from, end)));
  };
}

/**
 * One gap, of a second: or, on a machine that is busier than that, of four times what libvirt itself took to stop and start the network.
 * An answer that took a second or more waited for a neighbour to be asked anew.
 * @param journal of k8slabd, with the restart in it
 */
export function expectOneGap(gap: Gaps, journal: string): void {
  const calls = journal.matchAll(/"argv":\["net-(?:destroy|start)",.*"seconds":([\d.]+)/g);
  const libvirt = [...calls].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
  const allowed = Math.max(1, 4 * libvirt);
  const { spanSeconds, slowestSeconds } = gap;
  const what = `${JSON.stringify(gap)}, ${allowed.toFixed(2)} s allowed`;
  assert.ok(libvirt > 0, `the network did not restart: ${journal}`);
  assert.ok(spanSeconds <= allowed && slowestSeconds < 1, `${what}\n${journal}`);
}

function ping(to: string): string {
  return `LC_ALL=C /usr/bin/ping -n -i ${INTERVAL_SECONDS} ${to}`;
}

function place(from: string | undefined, command: string): string[] {
  return from === undefined ? ['sh', '-c', command] : ['ssh', from, command];
}

/** @param output of ping, to its summary */
function readGaps(output: string): Gaps {
  const seen = new Set([...output.matchAll(/seq=(\d+)/g)].map(([, seq]) => Number(seq)));
  assert.ok(seen.size > 0, `ping printed: ${output.slice(-300)}`);
  // The answers to the last ones may be on their way when it ends.
  const gaps = gapsIn(seen, Math.max(...seen));
  const took = [...output.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
  return { ...gaps, slowestSeconds: Math.max(0, ...took) / 1000 };
}

function gapsIn(seen: ReadonlySet<number>, sent: number): Omit<Gaps, 'slowestSeconds'> {
  const lost: number[] = [];
  let [row, longest] = [0, 0];
  for (let seq = 1; seq <= sent; seq++) {
    row = seen.has(seq) ? 0 : row + 1;
    longest = Math.max(longest, row);
    if (row > 0) lost.push(seq);
  }
  const span = lost.length === 0 ? 0 : (lost.at(-1) ?? 0) - (lost[0] ?? 0) + 1;
  return {
    sent,
    lost: lost.length,
    longestSeconds: longest * INTERVAL_SECONDS,
    spanSeconds: span * INTERVAL_SECONDS,
  };
}
