import type { ObjectMeta } from '../../src/api/meta.ts';
import type { Metrics } from '../../src/engine/metrics.ts';

/** The value of one series, given as the exposition writes it; undefined when it is not there. */
export async function sample(metrics: Metrics, series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Metadata of an object of that name. */
export function metadata(name: string): ObjectMeta {
  return { name, uid: name, generation: 1, resourceVersion: '1', creationTimestamp: '2026-11-01T00:00:00Z' };
}
