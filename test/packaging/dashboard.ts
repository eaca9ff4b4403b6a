import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const dashboardFile = z.looseObject({
  title: z.string(),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string() })) }),
  panels: z.array(
    z.looseObject({
      type: z.enum(['stat', 'gauge', 'table', 'timeseries']),
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      fieldConfig: z.object({ defaults: z.looseObject({ unit: z.string() }) }),
      targets: z.array(z.looseObject({ expr: z.string(), legendFormat: z.string() })),
    }),
  ),
});

export type Panel = z.output<typeof dashboardFile>['panels'][number];

/** What is installed for Grafana. */
export const dashboard = dashboardFile.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, '../../packaging/grafana/k8slab.json'), 'utf8')),
);

/** A query as Grafana sends it, for all vmhosts. */
export function asked(expr: string, rateInterval: string): string {
  return expr.replaceAll('$instance', '.+').replaceAll('$__rate_interval', rateInterval);
}
