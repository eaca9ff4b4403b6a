import { NONE } from '../kinds/columns.ts';
import { defineKind } from '../kinds/define.ts';
import { checkNetwork } from './check.ts';
import { crossCheckNetworks } from './cross-check.ts';
import { networkMetrics } from './metrics.ts';
import { networkReads } from './reads.ts';
import { networkSpec } from './spec.ts';
import { networkPrivileges } from './privileges.ts';
import { networkRules } from './rules.ts';
import { networkStatus } from './status-fields.ts';

export const network = defineKind({
  kind: 'Network',
  shortNames: ['knet'],
  aliases: ['net'],
  description: 'A libvirt network with the reservations and DNS records of all Nodes that name it.',
  manifest: {
    spec: networkSpec,
    check: checkNetwork,
    rules: networkRules,
    keptWhenAdopted: ['autostart', 'forward.mode', 'bridge.stp', 'bridge.delaySeconds', 'dns.localOnly'],
    privileges: networkPrivileges,
    crossCheck: (manifests) => crossCheckNetworks(manifests.of('Network'), manifests.of('Node')),
  },
  status: networkStatus,
  columns: [
    { name: 'Domain', jsonPath: '.spec.domain', cell: ({ spec }) => spec.domain ?? NONE },
    { name: 'CIDR', jsonPath: '.spec.cidr', cell: ({ spec }) => spec.cidr },
    { name: 'Bridge', jsonPath: '.status.bridge', cell: ({ status }) => status.bridge ?? NONE },
    { name: 'Nodes', cell: ({ status }) => String(status.entries?.length ?? 0) },
  ],
  reads: networkReads,
  metrics: networkMetrics,
});
