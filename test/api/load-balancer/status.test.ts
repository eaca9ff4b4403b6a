import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServerStats } from '../../../src/api/load-balancer/haproxy-stats.ts';
import { loadBalancerMembers } from '../../../src/api/load-balancer/members.ts';
import { serverStatuses } from '../../../src/api/load-balancer/status.ts';
import { lbSpec, networkOf, nodeOf } from './bed.ts';

const COUNT = 60;
const NAMES = Array.from({ length: COUNT }, (_, index) => `n${String(index).padStart(2, '0')}`);

/** The servers that HAProxy tells of, and how often each was read. */
function told(domain: string): { servers: readonly ServerStats[]; reads: () => number } {
  let reads = 0;
  const servers = NAMES.map((name) => ({
    backend: 'mgmt6443',
    get server() {
      reads += 1;
      return `${name}${domain}`;
    },
    state: 'UP',
    address: '192.168.111.9',
    sessions: 1,
    sessionsTotal: 2,
  }));
  return { servers, reads: () => reads };
}

const spec = lbSpec();
const nodes = NAMES.map((name, index) => nodeOf(name, `192.168.111.${index + 10}`));
const network = networkOf(
  Object.fromEntries(NAMES.map((name, index) => [name, `192.168.111.${index + 10}`])),
);

describe('the servers that HAProxy tells of', () => {
  it('are found for the status by backend and name, each read a few times however many there are', () => {
    const { servers, reads } = told('.k8s-thw.local');
    const members = loadBalancerMembers(spec, nodes, [network]);
    const found = serverStatuses({ spec, sha256: '' }, members, { sessions: 0, servers });

    assert.deepEqual(
      found.map(({ node, state }) => `${node} ${state}`),
      NAMES.map((name) => `${name} UP`),
    );
    assert.ok(reads() <= 3 * COUNT, `${reads()} reads of ${COUNT} servers`);
  });

  for (const [what, networks] of [
    ['is looked at', [network]],
    ['was not looked at', []],
  ] as const) {
    it(`are kept for Nodes nobody looked at, each read a few times, while their network ${what}`, () => {
      const { servers, reads } = told('.k8s-thw.local');
      const fresh = nodes.map((node) => ({ ...node, status: { conditions: [] } }));

      const members = loadBalancerMembers(spec, fresh, networks, servers);

      assert.deepEqual(
        members.servers[0]?.map(({ name }) => name),
        NAMES.map((name) => `${name}.k8s-thw.local`),
      );
      assert.ok(reads() <= 4 * COUNT, `${reads()} reads of ${COUNT} servers`);
    });
  }
});
