import { isTrue, READY } from '../conditions.ts';
import { NONE } from '../kinds/columns.ts';
import { defineKind } from '../kinds/define.ts';
import { reads } from '../kinds/reads.ts';
import { isRemoved, wasLookedAt } from '../meta.ts';
import { vmhostSpec } from './spec.ts';
import { vmhostStatus } from './status-fields.ts';
import { vmhostMetrics } from './metrics.ts';

/** Nodes that are looked at one after the other lead to one look at the files that name them. */
const SETTLE_MS = 100;

export const vmhost = defineKind({
  kind: 'Vmhost',
  shortNames: ['kvh'],
  description: 'The vmhost: what libvirt offers there, and its files that name the guests.',
  spec: vmhostSpec,
  status: vmhostStatus,
  columns: [
    {
      name: 'Libvirt',
      jsonPath: '.status.libvirtVersion',
      cell: ({ status }) => status.libvirtVersion ?? NONE,
    },
    { name: 'Domain-Type', jsonPath: '.status.domainType', cell: ({ status }) => status.domainType ?? NONE },
  ],
  reads: [
    // Those through which guests elsewhere are reached.
    reads<'Vmhost', 'Vmhost'>({
      source: 'Vmhost',
      shared: ({ status }) => [status.addresses, status.sshHostKey],
    }),
    reads<'Vmhost', 'Node'>({
      source: 'Node',
      shared: (node) => [
        isRemoved(node),
        node.spec.hostsEntry,
        node.spec.role,
        node.spec.ssh.user,
        node.spec.policy.adopt,
        node.spec.networks[0]?.network,
        node.status.sshHostKey,
        node.origin?.elsewhere?.vmhost,
        wasLookedAt(node),
      ],
      settleMs: SETTLE_MS,
    }),
    reads<'Vmhost', 'Network'>({
      source: 'Network',
      shared: (network) => [
        wasLookedAt(network),
        isTrue(network.status.conditions, READY),
        network.status.entries?.map(({ node, ip, hostnames }) => [node, ip, hostnames]),
      ],
      settleMs: SETTLE_MS,
    }),
  ],
  metrics: vmhostMetrics,
});
