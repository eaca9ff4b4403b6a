import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, mergeConditions } from '../../../src/api/conditions.ts';
import {
  loadBalancerMembers,
  type Members,
  type ServersBefore,
} from '../../../src/api/load-balancer/members.ts';
import { backendName } from '../../../src/api/load-balancer/render.ts';
import { lbSpec, MAIN, networkOf, nodeOf } from './bed.ts';
import type { ObjectOf } from '../../../src/api/meta.ts';

const [FRONTEND] = lbSpec().frontends;
const BACKEND = FRONTEND === undefined ? '' : backendName(FRONTEND);
const ENTRIES = { a: '192.168.111.10', b: '192.168.111.11', c: '192.168.111.12' };
const [A, B, C] = Object.entries(ENTRIES).map(([name, address]) => nodeOf(name, address)) as [
  ObjectOf<'Node'>,
  ObjectOf<'Node'>,
  ObjectOf<'Node'>,
];

function members(
  nodes: readonly ObjectOf<'Node'>[],
  entries: Record<string, string> | undefined = ENTRIES,
): Members {
  return loadBalancerMembers(lbSpec(), nodes, [networkOf(entries)]);
}

/** `a 192.168.111.10 on`, … of the first frontend. */
function list({ servers }: Members): string[] {
  return (servers[0] ?? []).map(
    ({ node, address, enabled }) => `${node} ${address} ${enabled ? 'on' : 'off'}`,
  );
}

describe('the servers behind a frontend', () => {
  it('E70: are the addresses of the Nodes that match, in the order of their names whatever order they come in', () => {
    const wanted = ['a 192.168.111.10 on', 'b 192.168.111.11 on', 'c 192.168.111.12 on'];

    assert.deepEqual(list(members([A, B, C])), wanted);
    assert.deepEqual(list(members([C, A, B])), wanted);
    assert.deepEqual(members([A]).servers[0]?.[0]?.name, 'a.k8s-thw.local');
  });

  it('E66: change when a Node goes, or gets another role or label', () => {
    const spec = lbSpec({
      frontends: [{ ...MAIN, backend: { role: 'master', labels: { zone: 'a' }, port: 1 } }],
    });
    const zoned = ['a', 'b', 'c'].map((zone, index) =>
      nodeOf('abc'.charAt(index), `192.168.111.1${index}`, { labels: { zone: zone === 'c' ? 'b' : 'a' } }),
    );

    const leaving = { ...B, metadata: { ...B.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };

    assert.deepEqual(list(members([A, C])), ['a 192.168.111.10 on', 'c 192.168.111.12 on']);
    assert.deepEqual(list(members([A, leaving, C])), list(members([A, C])));
    assert.deepEqual(list(members([A, nodeOf('b', '192.168.111.11', { spec: { role: 'worker' } })])), [
      'a 192.168.111.10 on',
    ]);
    assert.deepEqual(list(loadBalancerMembers(spec, zoned, [networkOf(ENTRIES)])), [
      'a 192.168.111.10 on',
      'b 192.168.111.11 on',
    ]);
  });

  it('E76: have the address that the network reserves at once, and are off until the Node is Ready there', () => {
    const moved = { ...ENTRIES, b: '192.168.111.99' };
    const arrived = nodeOf('b', '192.168.111.99');

    assert.deepEqual(list(members([A, B], moved)), ['a 192.168.111.10 on', 'b 192.168.111.99 off']);
    assert.deepEqual(list(members([A, arrived], moved)), ['a 192.168.111.10 on', 'b 192.168.111.99 on']);
  });

  it('are off while their Node is not Ready', () => {
    const booting = nodeOf('b', '192.168.111.11', { conditions: [['Ready', 'False']] });

    assert.deepEqual(list(members([A, booting])), ['a 192.168.111.10 on', 'b 192.168.111.11 off']);
  });

  it('stay as they were seen last while the passes over their Node fail', () => {
    const seen = [
      ['AddressBound', 'True'],
      ['SSHReachable', 'True'],
    ] as const;
    const failing = nodeOf('b', '192.168.111.11', {
      conditions: [['Ready', 'Unknown'], ['Synced', 'False'], ...seen],
    });

    assert.deepEqual(list(members([A, failing])), ['a 192.168.111.10 on', 'b 192.168.111.11 on']);
  });

  it('E74: are all on when none of their Nodes is Ready, and none when there is no Node', () => {
    const down = ['a', 'b'].map((name, index) =>
      nodeOf(name, `192.168.111.1${index}`, { conditions: [['Ready', 'False']] }),
    );

    assert.deepEqual(list(members(down)), ['a 192.168.111.10 on', 'b 192.168.111.11 on']);
    assert.deepEqual(members(down).noneReady, ['main']);
    assert.deepEqual(list(members([])), []);
  });

  it('are never HAProxy itself, nor Nodes that shall be off or have no address', () => {
    const self = nodeOf('loadbalancer', '192.168.111.9');
    const off = nodeOf('b', '192.168.111.11', { spec: { power: 'Stopped' } });
    const without = nodeOf('d', '192.168.111.13');

    assert.deepEqual(list(members([A, self, off, without], { ...ENTRIES, loadbalancer: '192.168.111.9' })), [
      'a 192.168.111.10 on',
    ]);
  });

  describe('R9: of a Node that nobody could look at', () => {
    const had = (server: string, state: string, address?: string) => [
      { backend: BACKEND, server, state, sessions: 0, sessionsTotal: 0, ...(address && { address }) },
    ];
    const dark = { ...B, status: { conditions: [] } };
    const from = (before: ServersBefore, nodes = [A, dark], network = networkOf(ENTRIES)): Members =>
      loadBalancerMembers(lbSpec(), nodes, [network], before);

    it('stay as HAProxy has them, and all others follow', () => {
      for (const [state, word] of [
        ['UP', 'on'],
        ['DOWN 1/2', 'on'],
        ['MAINT', 'off'],
      ] as const) {
        const found = from(had('b.k8s-thw.local', state));
        assert.deepEqual(list(found), ['a 192.168.111.10 on', `b 192.168.111.11 ${word}`]);
        assert.deepEqual(found.unknown, []);
      }
    });

    it('keep their address where the network was not looked at either, if HAProxy tells it', () => {
      const unlooked = networkOf(undefined);

      const found = from(had('b.k8s-thw.local', 'UP', '192.168.111.77'), [dark], unlooked);
      assert.deepEqual([list(found), found.unknown], [['b 192.168.111.77 on'], []]);
      assert.deepEqual(from(had('b.k8s-thw.local', 'UP'), [dark], unlooked).unknown, ['b']);
      assert.deepEqual(from(had('bb.k8s-thw.local', 'UP', '192.168.111.77'), [dark], unlooked).unknown, [
        'b',
      ]);
    });

    it('that HAProxy never had are waited for until it was tried to look', () => {
      const failed = condition('Ready', 'Unknown', 'LibvirtUnreachable');
      const tried = {
        ...B,
        status: { conditions: mergeConditions([], [failed], '2026-01-01T00:00:00Z', 0) },
      };

      assert.deepEqual(from([]).unknown, ['b']);
      assert.deepEqual(
        [list(from([], [A, tried])), from([], [A, tried]).unknown],
        [['a 192.168.111.10 on', 'b 192.168.111.11 off'], []],
      );
      assert.deepEqual(from(undefined, [A, tried]).unknown, ['b']);
    });
  });

  it('are unknown until Node and Network were looked at, and when a running guest has lost its Network', () => {
    const fresh = nodeOf('b', '192.168.111.11', { conditions: [] });

    assert.deepEqual(members([A, { ...fresh, status: { conditions: [] } }]).unknown, ['b']);
    assert.deepEqual(loadBalancerMembers(lbSpec(), [A], [networkOf(undefined)]).unknown, ['a']);
    assert.deepEqual(loadBalancerMembers(lbSpec(), [A], []).unknown, ['a']);
    assert.deepEqual(members([A, B, C]).unknown, []);
  });
});
