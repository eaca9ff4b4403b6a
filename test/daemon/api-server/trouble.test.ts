import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createClient } from '../../../src/cli/client.ts';
import { drain } from '../../../src/cli/cordon.ts';
import { imageText, networkText, nodeText } from '../../api/manifest/samples.ts';
import { handle } from '../../worlds/hands.ts';
import type { LoadedDaemon } from '../../load/daemon.ts';
import { PUBLISH_MS } from '../../../src/daemon/api-server/writing.ts';
import { BINDING, condition, createBed, finalizers, put, ready, sharing, status } from './bed.ts';

const NODES = ['a', 'b', 'c', 'd', 'e', 'f'];
/** In a drain only the first of them goes; the second is left as it is found. */
const FIELDS: Readonly<Record<string, Parameters<typeof nodeText>[1]>> = {
  a: { policy: { reclaim: 'Delete' } },
  b: { policy: { drift: 'Report' } },
  f: { policy: { reclaim: 'Delete' }, vmhost: 'v1' },
};

describe('a vmhost that shares a lab, in trouble', () => {
  const { server, start, pass, until } = createBed();
  let lab: LoadedDaemon;
  const isReady = (node: string): boolean => ready(server, 'Node', node) === 'True';
  const domains = (): string[] => [...lab.world.domains.keys()].sort();

  before(async () => {
    lab = await start(sharing(server, 'v1'));
    put(server, networkText('k8s-net'));
    put(server, imageText('debian'));
    for (const node of NODES) put(server, nodeText(node, FIELDS[node] ?? {}));
    await until('Ready', () => NODES.every(isReady));
  });
  after(() => lab.stop());

  it('deletes nothing while the API server is away, nor when it is back, and repairs what drifts', async () => {
    server.away(true);
    await until('told', () => lab.daemon.notReady().some(({ name }) => name === 'the manifests'));
    handle(lab.world, 'destroy', 'c');
    await until('repaired', () => lab.world.domains.get('c')?.state === 'running');
    assert.deepEqual(domains(), NODES);
    server.away(false);
    await until('back', () => lab.daemon.allReady());
    assert.deepEqual(domains(), NODES);
  });

  it('tells what became of its Nodes while the API server was away, though nobody changed them there', async () => {
    server.away(true);
    await until('told', () => lab.daemon.notReady().some(({ name }) => name === 'the manifests'));
    handle(lab.world, 'destroy', 'b');
    await until('seen', () => lab.daemon.notReady().some(({ name }) => name === 'Node/b'));
    // What was to be written meanwhile has been tried, and was left.
    await pass(Math.ceil((2 * PUBLISH_MS) / 1000));
    server.away(false, 'resumes');
    await until(
      'told',
      () => ready(server, 'Node', 'b') === 'False',
      () => status(server, 'Node', 'b'),
    );
    handle(lab.world, 'start', 'b');
    await until('back', () => isReady('b') && lab.daemon.allReady());
  });

  it('stays with a Node that lost its binding, and binds it again', async () => {
    server.applyStatus({ kind: 'Node', name: 'b' }, {}, BINDING);
    await until('bound again', () => status(server, 'Node', 'b')['vmhost'] === 'v1');
    assert.deepEqual(domains(), NODES);
  });

  it('takes nothing down that another vmhost is said to have', async () => {
    server.applyStatus({ kind: 'Node', name: 'b' }, { vmhost: 'v9' }, BINDING);
    await until('held', () => /another vmhost/.test(JSON.stringify(lab.daemon.notReady())));
    assert.deepEqual(domains(), NODES);
    server.applyStatus({ kind: 'Node', name: 'b' }, { vmhost: 'v1' }, BINDING);
    await until('here', () => lab.daemon.allReady());
  });

  it('holds the removal of many at once until it is confirmed', async () => {
    for (const node of ['b', 'c', 'd', 'e']) server.remove({ kind: 'Node', name: node });
    await until('held', () => /confirm-removal/.test(JSON.stringify(lab.daemon.notReady())));
    assert.deepEqual(domains(), NODES);
    assert.deepEqual(finalizers(server.get({ kind: 'Node', name: 'c' })), ['vmhost.k8slab.io/v1']);
  });

  it('leaves alone what uses files of the vmhost, and says which line of its configuration lets it', async () => {
    put(
      server,
      nodeText('p', {
        disk: { path: '/etc/shadow' },
        policy: { adopt: true },
        vmhost: 'v1',
        networks: [{ network: 'k8s-net', mac: '52:54:00:00:00:99' }],
      }),
    );
    await until(
      'refused',
      () => condition(server, 'Node', 'p', 'Ready')?.['reason'] === 'NotAllowed',
      () => [status(server, 'Node', 'p'), server.get({ kind: 'Node', name: 'p' }), lab.daemon.notReady()],
    );
    assert.match(String(condition(server, 'Node', 'p', 'Ready')?.['message']), /source\.allow: \[Adopt\]/);
    assert.ok(!domains().includes('p'));
    server.remove({ kind: 'Node', name: 'p' });
  });

  it('drains: lets Nodes go that can be made anew, and keeps the others', async () => {
    const told = await drain(createClient(join(lab.config.runtime, 'admin.sock')), 'v1', {
      yes: true,
      tell: () => undefined,
    });
    assert.match(told, /: 1 go, [12] stay/);
    await until('gone', () => !domains().includes('a'));
    await until('unbound', () => status(server, 'Node', 'a')['vmhost'] === undefined);
    assert.deepEqual(finalizers(server.get({ kind: 'Node', name: 'a' })), []);
    assert.deepEqual(domains(), ['b', 'c', 'd', 'e', 'f']);
  });

  it('refuses to act for a vmhost that is another machine, and touches nothing', async () => {
    const other = await start(sharing(server, 'v1', 'f'.repeat(32)));
    try {
      await until(
        'refused',
        () => /another machine/.test(JSON.stringify(other.daemon.notReady())),
        () => other.daemon.notReady(),
      );
      assert.deepEqual([...other.world.domains.keys(), ...other.world.networks.keys()], []);
    } finally {
      await other.stop();
    }
  });
});
