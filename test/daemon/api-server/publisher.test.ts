import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { KindMap } from '../../../src/api/meta.ts';
import { createPublisher } from '../../../src/daemon/api-server/publisher.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { createStore } from '../../../src/engine/store.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { good, nodeText } from '../../api/manifest/samples.ts';

it('what a vmhost says of its Node is not where it is bound to, which would hold it there', async () => {
  const store = createStore<KindMap>({ clock: createFakeClock() });
  const [node] = good('a', nodeText('a'));
  assert.ok(node?.kind === 'Node');
  const { spec, hash } = node;
  const { object } = store.apply('Node', { name: 'a', spec, hash });
  const conditions = [
    { type: 'Ready', status: 'True' as const, reason: 'Ready', message: '', lastTransitionTime: '' },
  ];
  store.updateStatus('Node', 'a', object.metadata.uid, { vmhost: 'v1', address: '10.0.0.2', conditions });
  const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '' };
  const there: KubeObject = {
    apiVersion: 'k8slab.io/v1alpha1',
    kind: 'Node',
    metadata,
    status: { vmhost: 'v1' },
  };
  const applied: object[] = [];
  const kube = {
    applyStatus: (_: unknown, status: object) => {
      applied.push(status);
      return Promise.resolve(there);
    },
  };

  await createPublisher({ store, vmhost: 'v1', kube, served: () => there })('Node/a', {} as never);

  assert.deepEqual(
    applied.map((status) => Object.keys(status).sort()),
    [['address', 'conditions']],
  );
});
