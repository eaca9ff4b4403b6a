/** What a bench is given. */
export interface BenchContext {
  /** Where libvirt is asked; undefined: libvirt's own test driver, with no daemon. */
  uri: string | undefined;
  /** A directory of its own, removed afterwards. */
  dir: string;
  progress: (what: string) => void;
}

/** One way of doing a piece of work. The first one of a table is its limit: the least that anybody could need. */
export interface Measured {
  way: string;
  seconds: number;
  note?: string;
}

export interface BenchTable {
  work: string;
  ways: Measured[];
}

export interface Bench {
  name: string;
  run: (context: BenchContext) => Promise<BenchTable[]>;
}

/** The median time of some runs, in seconds. */
export async function medianSeconds(run: () => Promise<unknown>, runs = 5): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < runs; i += 1) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / 1000);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)] ?? NaN;
}

/** A table for a terminal: each way with its time and how many times the limit that is. */
export function formatTable({ work, ways }: BenchTable): string {
  const limit = ways[0]?.seconds ?? NaN;
  const rows = ways.map(({ way, seconds, note = '' }) => [
    way,
    formatSeconds(seconds),
    `${(seconds / limit).toPrecision(3)} x`,
    note,
  ]);
  const all = [['WAY', 'TIME', 'LIMIT x', ''], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [work, ...lines.map((line) => `  ${line}`)].join('\n');
}

function formatSeconds(seconds: number): string {
  return seconds < 1 ? `${(seconds * 1000).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;
}
