import assert from 'node:assert/strict';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { after, before, describe, it } from 'node:test';
import type { ObjectOf } from '../../../src/api/meta.ts';
import { createClient } from '../../../src/cli/client.ts';
import { attachedText, imageText, networkText } from '../../api/manifest/samples.ts';
import type { LoadedDaemon } from '../../load/daemon.ts';
import { createBed, finalizers, put, ready, sharing, status } from './bed.ts';

describe('two vmhosts that share a lab', () => {
  const { server, start, until } = createBed();
  let v1: LoadedDaemon;
  let v2: LoadedDaemon;

  before(async () => {
    [v1, v2] = [await start(sharing(server, 'v1')), await start(sharing(server, 'v2'))];
  });
  after(async () => {
    await v1.stop();
    await v2.stop();
  });

  it('registers each of them, and tells what it has room for', async () => {
    await until(
      'registered',
      () => ready(server, 'Vmhost', 'v1') === 'True' && ready(server, 'Vmhost', 'v2') === 'True',
    );
    const told = status(server, 'Vmhost', 'v1');
    assert.equal(told['machineID'], 'v1'.padEnd(32, '0'));
    assert.deepEqual(told['addresses'], ['10.0.0.1']);
    assert.ok((told['allocatable'] as { cpu: number }).cpu > 0);
  });

  it('makes a Node where it is bound, with the address that it was given, and nothing elsewhere', async () => {
    put(server, networkText('k8s-net', { overlay: {} }));
    put(server, imageText('debian'));
    put(server, attachedText('a', { address: '192.168.111.20' }, { vmhost: 'v1' }));
    put(server, attachedText('b', { address: '192.168.111.21' }, { vmhost: 'v2' }));
    await until(
      'Ready',
      () => ready(server, 'Node', 'a') === 'True' && ready(server, 'Node', 'b') === 'True',
      () => [v1.daemon.notReady(), v2.daemon.notReady(), status(server, 'Node', 'a')],
    );
    assert.deepEqual([[...v1.world.domains.keys()], [...v2.world.domains.keys()]], [['a'], ['b']]);
    assert.equal(status(server, 'Node', 'a')['address'], '192.168.111.20');
    assert.deepEqual(finalizers(server.get({ kind: 'Node', name: 'a' })), ['vmhost.k8slab.io/v1']);
    assert.deepEqual([...finalizers(server.get({ kind: 'Network', name: 'k8s-net' }))].sort(), [
      'vmhost.k8slab.io/v1',
      'vmhost.k8slab.io/v2',
    ]);
  });

  it('leaves its Lease to the daemon that has it when a second one is started beside it, which is refused', async () => {
    const holder = async (): Promise<unknown> =>
      (await server.client('v1').lease.get('vmhost-v1'))?.spec.holderIdentity;
    const before = await holder();

    await assert.rejects(start({ ...sharing(server, 'v1'), vmhost: v1 }), { reason: 'AlreadyRunning' });

    assert.ok(before);
    assert.equal(await holder(), before);
  });

  it('tells by an Event where each Node went, whichever vmhost has it', async () => {
    const bound = (): string[] =>
      server.events
        .filter(({ reason }) => reason === 'Scheduled')
        .map(({ about, message }) => `${about.metadata.name}: ${message}`)
        .toSorted();
    await until('told', () => bound().length === 2, bound);
    assert.deepEqual(bound(), [
      'a: Bound to v1: spec.vmhost names it',
      'b: Bound to v2: spec.vmhost names it',
    ]);
  });

  it('names all Nodes on every vmhost, with the keys of those elsewhere', async () => {
    const named = (lab: LoadedDaemon): boolean =>
      ['a', 'b'].every((node) =>
        new RegExp(`^192.168.111.2[01] ${node}$`, 'm').test(lab.world.files.get('/etc/hosts') ?? ''),
      );
    await until(
      'named',
      () => named(v1) && named(v2),
      () => [v1.world.files.get('/etc/hosts'), v2.world.files.get('/etc/hosts')],
    );
  });

  it('shows on every vmhost where each Node is, also those that are its own', async () => {
    const where = async ({ config }: LoadedDaemon): Promise<unknown> => {
      const { items } = (await createClient(join(config.runtime, 'k8slab.sock')).get('nodes')) as {
        items: ObjectOf<'Node'>[];
      };
      return items.map(({ metadata, status }) => [metadata.name, status.vmhost]);
    };
    const all = [
      ['a', 'v1'],
      ['b', 'v2'],
    ];
    await until('shown', async () => isDeepStrictEqual([await where(v1), await where(v2)], [all, all]));
  });

  it('says of a Network how it is on each vmhost', async () => {
    const states = (): unknown => status(server, 'Network', 'k8s-net')['vmhosts'];
    await until(
      'both',
      () => JSON.stringify(states() ?? '').includes('v1') && JSON.stringify(states() ?? '').includes('v2'),
      states,
    );
    assert.deepEqual(
      (states() as { name: string; ready: string }[]).map(({ name, ready: is }) => [name, is]).toSorted(),
      [
        ['v1', 'True'],
        ['v2', 'True'],
      ],
    );
  });

  it('takes down a Node that is deleted before it goes, and then what no Node of the vmhost needs', async () => {
    server.remove({ kind: 'Node', name: 'b' });
    assert.ok(server.get({ kind: 'Node', name: 'b' }) !== undefined);
    await until('gone', () => server.get({ kind: 'Node', name: 'b' }) === undefined);
    assert.equal(v2.world.domains.has('b'), false);
    await until(
      'let go',
      () => !finalizers(server.get({ kind: 'Network', name: 'k8s-net' })).includes('vmhost.k8slab.io/v2'),
    );
    assert.equal(v2.world.networks.has('k8s-net'), false);
    assert.equal(v1.world.domains.has('a'), true);
  });
});
