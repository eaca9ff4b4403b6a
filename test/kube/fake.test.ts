import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonOf } from '../../src/api/errors.ts';
import type { Kube, KubeChange } from '../../src/drivers/kube.ts';
import { createFakeApiServer } from './fake.ts';

const REF = { kind: 'Node', name: 'a' } as const;
const DRAFT = { kind: 'Node', metadata: { name: 'a' }, spec: { role: 'master' } } as const;

function told(kube: Kube): { readonly words: string[]; readonly whenSynced: Promise<void> } {
  const words: string[] = [];
  const watch = kube.watch((change: KubeChange) => {
    if (change.type === 'Listed') return;
    words.push(change.type === 'Problem' ? change.type : `${change.type} ${change.object.metadata.name}`);
  });
  return { words, whenSynced: watch.whenSynced() };
}

async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(() => 'none', reasonOf);
}

describe('an API server in memory', () => {
  it('raises the generation with the spec alone', async () => {
    const server = createFakeApiServer();
    const kube = server.client('one');
    const made = await kube.create(DRAFT);

    const status = await kube.applyStatus(REF, { state: 'Running' }, { manager: 'm' });
    const labelled = await kube.patch(REF, { metadata: { labels: { a: 'b' } } });
    const changed = server.put({ ...DRAFT, spec: { role: 'worker' } });

    assert.deepEqual(
      [made, status, labelled, changed].map(({ metadata }) => metadata.generation),
      [1, 1, 1, 2],
    );
    assert.deepEqual(
      [changed.spec, changed.status],
      [{ role: 'worker' }, { conditions: [], state: 'Running' }],
    );
    assert.equal(changed.metadata.labels, undefined);
  });

  it('lets one of two writers win that saw the same version', async () => {
    const server = createFakeApiServer();
    const [one, two] = [server.client('one'), server.client('two')];
    const { resourceVersion } = server.create(DRAFT).metadata;

    const won = await one.applyStatus(REF, { vmhost: 'v1' }, { manager: 'one', resourceVersion });
    const lost = await failure(two.applyStatus(REF, { vmhost: 'v2' }, { manager: 'two', resourceVersion }));

    assert.deepEqual([won.status, lost], [{ conditions: [], vmhost: 'v1' }, 'Conflict']);
  });

  it('takes away what a manager applied and leaves out now, and nothing of others', async () => {
    const server = createFakeApiServer();
    const kube = server.client('one');
    server.create(DRAFT);
    await kube.applyStatus(REF, { vmhosts: [{ name: 'v1', ready: 'True' }], n: 1 }, { manager: 'v1' });
    await kube.applyStatus(REF, { vmhosts: [{ name: 'v2', ready: 'False' }] }, { manager: 'v2' });

    const { status } = await kube.applyStatus(
      REF,
      { vmhosts: [{ name: 'v1', reason: 'Made' }] },
      { manager: 'v1' },
    );

    assert.deepEqual(status, {
      conditions: [],
      vmhosts: [
        { name: 'v1', reason: 'Made' },
        { name: 'v2', ready: 'False' },
      ],
    });
  });

  it('keeps an object that is deleted until its last finalizer is gone, and takes no new ones', async () => {
    const server = createFakeApiServer();
    const kube = server.client('one');
    server.create(DRAFT);
    await kube.setFinalizer(REF, 'vmhost.k8slab.io/v1', true);

    await kube.remove(REF);
    const late = await failure(kube.setFinalizer(REF, 'vmhost.k8slab.io/v2', true));
    const deleted = server.get(REF);
    await kube.setFinalizer(REF, 'vmhost.k8slab.io/v1', false);
    await kube.setFinalizer(REF, 'vmhost.k8slab.io/v1', false);

    assert.equal(late, 'Invalid');
    assert.notEqual(deleted?.metadata.deletionTimestamp, undefined);
    assert.equal(server.get(REF), undefined);
  });

  it('tells watches each change in order, and after it was away what came of it all', async () => {
    const server = createFakeApiServer();
    const kube = server.client('one');
    const { words, whenSynced } = told(kube);
    await whenSynced;
    server.create(DRAFT);
    await kube.applyStatus(REF, { state: 'Running' }, { manager: 'm' });
    server.away(true);
    server.remove(REF);
    server.create({ kind: 'Network', metadata: { name: 'n' } });
    server.put({ kind: 'Network', metadata: { name: 'n' }, spec: { cidr: '' } });

    const meanwhile = await failure(kube.get(REF));
    server.away(false);
    await Promise.resolve();

    assert.equal(meanwhile, 'Unreachable');
    assert.deepEqual(words, ['Added a', 'Modified a', 'Problem', 'Problem', 'Added n', 'Deleted a']);
  });

  it('holds back what a client is told until it is let through', async () => {
    const server = createFakeApiServer();
    const { words, whenSynced } = told(server.client('one'));
    await whenSynced;

    server.hold('one', true);
    server.create(DRAFT);
    await Promise.resolve();
    const before = [...words];
    server.hold('one', false);

    assert.deepEqual([before, words], [[], ['Added a']]);
  });

  it('fails as it is told to, before a call has its effect or after', async () => {
    let lost = 'before';
    const server = createFakeApiServer({
      before: () => (lost === 'before' ? fail() : undefined),
      after: () => (lost === 'after' ? fail() : undefined),
    });
    const kube = server.client('one');

    await failure(kube.create(DRAFT));
    const unmade = server.get(REF);
    lost = 'after';
    await failure(kube.create(DRAFT));

    assert.equal(unmade, undefined);
    assert.equal(server.get(REF)?.metadata.name, 'a');
    assert.equal(server.calls.length, 2);
  });

  it('gives a lease to one of two holders', async () => {
    const server = createFakeApiServer();
    const [one, two] = [server.client('one').lease, server.client('two').lease];
    const { resourceVersion } = await one.create('l', { holderIdentity: 'one' });

    const again = await failure(two.create('l', { holderIdentity: 'two' }));
    await two.update('l', { holderIdentity: 'two' }, resourceVersion);
    const late = await failure(one.update('l', { holderIdentity: 'one' }, resourceVersion));

    assert.deepEqual([again, late], ['AlreadyExists', 'Conflict']);
    assert.equal((await one.get('l'))?.spec.holderIdentity, 'two');
  });
});

function fail(): never {
  throw new Error('lost');
}
