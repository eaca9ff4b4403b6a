import type { Metrics } from '../../src/engine/metrics.ts';

/** The value of one series, given as the exposition writes it; undefined when it is not there. */
export async function sample(metrics: Metrics, series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}
