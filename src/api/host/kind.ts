import { isTrue, READY } from '../conditions.ts';
import { NONE } from '../kinds/columns.ts';
import { defineKind } from '../kinds/define.ts';
import { reads } from '../kinds/reads.ts';
import { isRemoved, wasLookedAt } from '../meta.ts';
import { hostStatus } from './status-fields.ts';
import { hostMetrics } from './metrics.ts';

/** Nodes that are looked at one after the other lead to one look at the files that name them. */
const SETTLE_MS = 100;

export const host = defineKind({
  kind: 'Host',
  description: 'The vmhost: what libvirt offers there, and its files that name the guests.',
  status: hostStatus,
  columns: [
    { name: 'Libvirt', cell: ({ status }) => status.libvirtVersion ?? NONE },
    { name: 'Domain-Type', cell: ({ status }) => status.domainType ?? NONE },
  ],
  reads: [
    reads<'Host', 'Node'>({
      source: 'Node',
      shared: (node) => [
        isRemoved(node),
        node.spec.hostsEntry,
        node.spec.role,
        node.spec.ssh.user,
        node.spec.policy.adopt,
        node.spec.networks[0]?.network,
        node.status.sshHostKey,
        wasLookedAt(node),
      ],
      settleMs: SETTLE_MS,
    }),
    reads<'Host', 'Network'>({
      source: 'Network',
      shared: (network) => [
        wasLookedAt(network),
        isTrue(network.status.conditions, READY),
        network.status.entries?.map(({ node, ip, hostnames }) => [node, ip, hostnames]),
      ],
      settleMs: SETTLE_MS,
    }),
  ],
  metrics: hostMetrics,
});
