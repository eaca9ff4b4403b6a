import { findCondition, READY, SYNCED } from '../conditions.ts';
import { reads } from '../kinds/reads.ts';
import { isRemoved, wasLookedAt, type ObjectOf } from '../meta.ts';

/** Nodes that move together lead to one reload. */
const SETTLE_MS = 300;

/** The servers behind a LoadBalancer, and how its guest is reached. */
export const loadBalancerReads = [
  reads<'LoadBalancer', 'Node'>({ source: 'Node', shared: serverSide, settleMs: SETTLE_MS }),
  reads<'LoadBalancer', 'Network'>({
    source: 'Network',
    shared: (network) => [
      wasLookedAt(network),
      network.status.entries?.map(({ node, ip, hostnames }) => [node, ip, hostnames[0]]),
    ],
    settleMs: SETTLE_MS,
  }),
];

const SEEN = [READY, SYNCED, 'AddressBound', 'SSHReachable', 'CloudInitDone'];

function serverSide(node: ObjectOf<'Node'>): unknown {
  const { metadata, spec, status } = node;
  const { conditions, address, sshHostKey, state } = status;
  const seen = SEEN.map((type) => findCondition(conditions, type)).map((found) => [
    found?.status,
    // Which step of booting a guest is at concerns nobody behind it.
    found?.type === 'SSHReachable' ? found.reason : undefined,
  ]);
  const asked = [spec.role, spec.power, spec.networks[0]?.network, spec.ssh.user];
  return [metadata.labels, isRemoved(node), asked, seen, address, sshHostKey, state, wasLookedAt(node)];
}
