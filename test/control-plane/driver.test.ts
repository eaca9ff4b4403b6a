import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, describe, it } from 'node:test';
import { explainError, reasonOf } from '../../src/api/errors.ts';
import type { KubeObject } from '../../src/drivers/kube.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installKinds, kubeOf, listen, writeKubeconfig, type SeenKube } from './kube-bed.ts';

const REF = { kind: 'Image', name: 'debian' } as const;
const DRAFT = {
  kind: 'Image',
  metadata: { name: 'debian' },
  spec: { source: 'https://example.org/debian.qcow2' },
} as const;

let plane: ControlPlane;
let kube: SeenKube;
before(async () => {
  plane = await startControlPlane({ users: { 'k8slab:vmhost:vmhost1': ['k8slab:vmhosts'] } });
});
after(() => plane.kill());
beforeEach(() => {
  kube = kubeOf(plane.kubeconfig());
});
afterEach(async () => {
  await kube.dispose();
  await plane.kubectl(['delete', 'kimg,kn', '--all', '--timeout=20s']);
});

async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(() => 'none', explainError);
}

describe('without its kinds', () => {
  it('says what is missing', async () => {
    const { watch, until } = listen(kube);

    await until(() => watch.problem() !== undefined);

    assert.equal(reasonOf(watch.problem()), 'KindNotServed');
    assert.match(explainError(watch.problem()), /^cannot list .*k8slab crds \| kubectl apply/);
    await installKinds(plane);
  });
});

describe('what is read', () => {
  it('is listed once a kind, and then watched', async () => {
    await kube.create(DRAFT);
    const { watch, changes, until } = listen(kube);
    await watch.whenSynced();
    const atFirst = [...watch.objects('Image').keys()];

    await kube.applyStatus(REF, { conditions: [] }, { manager: 'm' });
    await plane.must(['delete', 'kimg', 'debian']);
    await until(() => watch.objects('Image').size === 0);

    assert.deepEqual(atFirst, ['debian']);
    const ofImage = changes.filter((change) => 'object' in change);
    assert.deepEqual(
      ofImage.map(({ type }) => type),
      ['Added', 'Modified', 'Deleted'],
    );
    assert.deepEqual(
      kube.seen
        .filter(({ verb }) => verb === 'list')
        .map(({ kind, code }) => `${kind} ${code}`)
        .sort(),
      ['Image 200', 'LoadBalancer 200', 'Network 200', 'Node 200', 'Vmhost 200'],
    );
    assert.equal('managedFields' in (ofImage[0]?.object.metadata ?? {}), false);
  });

  it('is listed once more, and what went is told, when the API server has forgotten where a watch was', async () => {
    await kube.create(DRAFT);
    const { watch, changes, until } = listen(kube);
    await watch.whenSynced();
    await plane.stop('SIGKILL');
    await etcd('kv/deleterange', { key: base64('/registry/k8slab.io/images/debian') });
    const { header } = await etcd('kv/put', { key: base64('/else'), value: '' });
    await etcd('kv/compaction', { revision: header.revision, physical: true });

    await plane.start();
    await until(() => watch.objects('Image').size === 0);
    await until(() => watch.problem() === undefined);

    assert.ok(
      changes.some((change) => change.type === 'Deleted' && change.object.metadata.name === 'debian'),
    );
    assert.ok(kube.count('list') <= 10, String(kube.count('list')));
  });

  it('goes on after an outage, with one list a kind at most and no storm', async () => {
    const { watch, until } = listen(kube);
    await watch.whenSynced();
    await plane.stop('SIGKILL');
    await until(() => watch.problem() !== undefined);
    const lost = reasonOf(watch.problem());
    await new Promise((resolve) => setTimeout(resolve, 8000));
    const tries = kube.count('watch');

    await plane.start();
    await plane.must(['apply', '-f', '-'], {
      input: JSON.stringify({ apiVersion: 'k8slab.io/v1alpha1', ...DRAFT }),
    });
    await until(() => watch.objects('Image').size === 1 && watch.problem() === undefined);

    assert.equal(lost, 'Unreachable');
    // Eight seconds of five kinds: at most after 0.5, 1, 2 and 4 s.
    assert.ok(tries <= 30, String(tries));
    assert.ok(kube.count('list') <= 10, String(kube.count('list')));
  });
});

describe('what is written', () => {
  it('is refused to the second of two that saw the same version', async () => {
    const { metadata } = await kube.create(DRAFT);
    const { resourceVersion } = metadata;

    await kube.applyStatus(REF, { conditions: [condition('One')] }, { manager: 'one', resourceVersion });
    const late = kube.applyStatus(
      REF,
      { conditions: [condition('Two')] },
      { manager: 'two', resourceVersion },
    );

    assert.match(await failure(late), /^cannot apply the status of Image "debian": .*modified/);
    assert.equal((await kube.get(REF))?.metadata.generation, 1);
  });

  it('goes wholly when the last of its managers leaves all of it out', async () => {
    await kube.create(DRAFT);
    await kube.applyStatus(REF, { format: 'qcow2', conditions: [condition('One')] }, { manager: 'one' });
    await kube.applyStatus(REF, { sha256: 'a' }, { manager: 'two' });

    const { status: left } = await kube.applyStatus(REF, {}, { manager: 'two' });
    const { status = {} } = await kube.applyStatus(REF, {}, { manager: 'one' });
    await kube.applyStatus(REF, {}, { manager: 'two' });

    assert.equal((left as { format?: string }).format, 'qcow2');
    assert.ok(
      Object.values(status as object).every((value) => Array.isArray(value) && value.length === 0),
      JSON.stringify(status),
    );
    await kube.applyStatus(REF, { sha256: 'b' }, { manager: 'two' });
    assert.deepEqual((await kube.get(REF))?.status, { conditions: [], sha256: 'b' });
  });

  it('goes when its manager leaves it out, and what others wrote stays', async () => {
    await kube.create(DRAFT);
    await kube.applyStatus(REF, { conditions: [condition('One'), condition('Two')] }, { manager: 'one' });
    await kube.applyStatus(REF, { conditions: [condition('Three')] }, { manager: 'two' });

    const { status } = await kube.applyStatus(REF, { conditions: [condition('One')] }, { manager: 'one' });

    const { conditions } = status as { conditions: { type: string }[] };
    assert.deepEqual(conditions.map(({ type }) => type).sort(), ['One', 'Three']);
  });

  it('keeps an object until the last finalizer is taken off, by whoever', async () => {
    await kube.create(DRAFT);
    await Promise.all(
      ['a', 'b', 'c'].map((name) => kube.setFinalizer(REF, `vmhost.k8slab.io/${name}`, true)),
    );
    await kube.remove(REF);
    const held = await kube.get(REF);

    await Promise.all(
      ['a', 'b', 'c'].map((name) => kube.setFinalizer(REF, `vmhost.k8slab.io/${name}`, false)),
    );
    await kube.setFinalizer(REF, 'vmhost.k8slab.io/a', false);

    assert.equal(held?.metadata.finalizers?.length, 3);
    assert.notEqual(held.metadata.deletionTimestamp, undefined);
    assert.equal(await kube.get(REF), undefined);
  });

  it('gives a lease to one of two holders', async () => {
    const renewTime = '2026-01-01T00:00:00.123Z';
    const { resourceVersion } = await kube.lease.create('one', { holderIdentity: 'a', renewTime });

    const again = await failure(kube.lease.create('one', { holderIdentity: 'b' }));
    await kube.lease.update('one', { holderIdentity: 'b', renewTime }, resourceVersion);
    const late = await failure(kube.lease.update('one', { holderIdentity: 'a' }, resourceVersion));

    assert.match(again, /^cannot create Lease "one": .*already exists/);
    assert.match(late, /^cannot update Lease "one": .*modified/);
    const [lease] = await kube.lease.list();
    assert.deepEqual(lease?.spec, { holderIdentity: 'b', renewTime: '2026-01-01T00:00:00.123000Z' });
    assert.equal(await kube.lease.get('none'), undefined);
  });

  it('counts an Event up that happens again', async () => {
    const object = await kube.create(DRAFT);
    const event = {
      type: 'Warning',
      reason: 'FetchFailed',
      message: 'no route',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    } as const;

    await kube.event({ ...object, kind: 'Image' }, event);
    await kube.event({ ...object, kind: 'Image' }, event);
    await kube.event(
      { ...object, kind: 'Image' },
      { ...event, count: 3, lastTimestamp: '2026-01-01T00:10:00Z' },
    );

    const events = JSON.parse(await plane.must(['get', 'events', '-o', 'json'])) as {
      items: (KubeObject & { count: number })[];
    };
    assert.deepEqual(
      events.items.map(({ count }) => count),
      [3],
    );
  });
});

describe('an API server that does not let us', () => {
  it('says so of what no role allows', async () => {
    const other = kubeOf(plane.kubeconfig('k8slab:vmhost:vmhost1'));

    const said = await failure(other.get(REF));

    assert.match(
      said,
      /^cannot get Image "debian": images.k8slab.io "debian" is forbidden: User "k8slab:vmhost:vmhost1"/,
    );
    await other.dispose();
  });

  it('is told apart from one that does not know a certificate any more', async () => {
    const pairs = {
      good: await plane.authority.client('admin', { groups: ['system:masters'] }),
      ended: await plane.authority.client('old', { groups: ['system:masters'], days: -1 }),
    };
    const said = await Promise.all(
      Object.entries(pairs).map(async ([name, { cert, key }]) => {
        const config = writeKubeconfig(plane, name, { 'client-certificate': cert, 'client-key': key });
        const client = kubeOf(config);
        const why = await failure(client.lease.list());
        await client.dispose();
        return why;
      }),
    );

    assert.equal(said[0], 'none');
    assert.match(said[1] ?? '', /^cannot list Leases .* its client certificate expired on 20/);
  });

  it('answers nothing: a call fails in time, and the next one works', async () => {
    const hasty = kubeOf(plane.kubeconfig(), { deadlineMs: 1000 });
    await hasty.lease.list();

    await plane.freeze(true);
    const said = await failure(hasty.lease.list());
    await plane.freeze(false);
    await hasty.lease.list();

    assert.match(said, /^cannot list Leases of k8slab-system: https:\/\/127.0.0.1:\d+ does not answer/);
    await hasty.dispose();
  });
});

function condition(type: string): object {
  return { type, status: 'True', reason: 'Ok', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

async function etcd(path: string, body: object): Promise<{ header: { revision: string } }> {
  const response = await fetch(`${plane.etcdUrl}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  assert.equal(response.status, 200);
  return (await response.json()) as { header: { revision: string } };
}
