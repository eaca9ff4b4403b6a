import { NONE } from '../kinds/columns.ts';
import { defineKind } from '../kinds/define.ts';
import { reads } from '../kinds/reads.ts';
import { formatBytes } from '../quantity.ts';
import { checkImage } from './check.ts';
import { imageMetrics } from './metrics.ts';
import { imagePrivileges } from './privileges.ts';
import { imageSpec } from './spec.ts';
import { imageRules } from './rules.ts';
import { imageStatus } from './status-fields.ts';

export const image = defineKind({
  kind: 'Image',
  shortNames: ['kimg'],
  aliases: ['img'],
  description: 'A disk image that Nodes start from: fetched once, verified, never changed afterwards.',
  manifest: { spec: imageSpec, check: checkImage, rules: imageRules, privileges: imagePrivileges },
  status: imageStatus,
  columns: [
    { name: 'Format', jsonPath: '.status.format', cell: ({ status }) => status.format ?? NONE },
    {
      name: 'Size',
      cell: ({ status }) => (status.virtualSize === undefined ? NONE : formatBytes(status.virtualSize)),
    },
    { name: 'SHA256', wide: true, cell: ({ status }) => status.sha256?.slice(0, 12) ?? NONE },
    { name: 'Path', wide: true, jsonPath: '.status.path', cell: ({ status }) => status.path ?? NONE },
  ],
  // A Node whose disk stands on an image keeps it from going.
  reads: [
    reads<'Image', 'Node'>({
      source: 'Node',
      by: ({ spec }) => (spec.disk.image === undefined ? [] : [spec.disk.image]),
    }),
  ],
  metrics: imageMetrics,
});
