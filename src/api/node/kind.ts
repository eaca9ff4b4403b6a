import { NONE } from '../kinds/columns.ts';
import { defineKind } from '../kinds/define.ts';
import { bytesOfMebibytes, formatBytes, mebibytes, parseBytes } from '../quantity.ts';
import { checkNode } from './check.ts';
import { crossCheckNodes } from './cross-check.ts';
import { nodeMetrics } from './metrics.ts';
import { nodePrivileges } from './privileges.ts';
import { nodeReads } from './reads.ts';
import { nodeReferences } from './references.ts';
import { nodeSpec } from './spec.ts';
import { nodeRules } from './rules.ts';
import { nodeStatus } from './status-fields.ts';

export const node = defineKind({
  kind: 'Node',
  shortNames: ['kn'],
  aliases: ['no'],
  description: 'A virtual machine, made from an image and prepared by cloud-init.',
  manifest: {
    spec: nodeSpec,
    check: checkNode,
    rules: nodeRules,
    keptWhenAdopted: ['cpus', 'memory', 'power'],
    yaml11: [['spec', 'cloudInit', 'userData']],
    references: nodeReferences,
    privileges: nodePrivileges,
    crossCheck: crossCheckNodes,
  },
  status: nodeStatus,
  selectable: ['spec.role', 'spec.vmhost', 'status.vmhost'],
  columns: [
    { name: 'Role', jsonPath: '.spec.role', cell: ({ spec }) => spec.role ?? NONE },
    { name: 'Address', jsonPath: '.status.address', cell: ({ status }) => status.address ?? NONE },
    {
      name: 'Vmhost',
      wide: true,
      always: true,
      jsonPath: '.status.vmhost',
      cell: ({ status }) => status.vmhost ?? NONE,
    },
    { name: 'MAC', wide: true, jsonPath: '.status.mac', cell: ({ status }) => status.mac ?? NONE },
    { name: 'CPUs', wide: true, cell: ({ spec, status }) => becoming(status.cpus, spec.cpus, String) },
    {
      name: 'Memory',
      wide: true,
      cell: ({ spec, status }) =>
        becoming(status.memory, mebibytes(parseBytes(spec.memory)), formatMebibytes),
    },
    {
      name: 'Pod-CIDR',
      wide: true,
      jsonPath: '.status.podCIDR',
      cell: ({ status }) => status.podCIDR ?? NONE,
    },
    {
      name: 'Type',
      wide: true,
      jsonPath: '.status.domainType',
      cell: ({ status }) => status.domainType ?? NONE,
    },
  ],
  workers: { most: 5, reserved: 1 },
  reads: nodeReads,
  metrics: nodeMetrics,
});

/** What the guest has and what it shall have: `1->3` until it restarts, then `3`. */
function becoming(has: number | undefined, wanted: number, format: (value: number) => string): string {
  return has === undefined || has === wanted ? format(wanted) : `${format(has)}->${format(wanted)}`;
}

function formatMebibytes(count: number): string {
  return formatBytes(bytesOfMebibytes(count));
}
