import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { KindMap } from '../../../src/api/meta.ts';
import { createPublisher, type Applied } from '../../../src/daemon/api-server/publisher.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { createStore } from '../../../src/engine/store.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { good, nodeText } from '../../api/manifest/samples.ts';

function bed() {
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

  return { store, there, applied, kube };
}

it('what a vmhost says of its Node is not where it is bound to, which would hold it there', async () => {
  const { store, there, applied, kube } = bed();

  await createPublisher({ store, vmhost: 'v1', kube, served: () => there })('Node/a', {} as never);

  assert.deepEqual(
    applied.map((status) => Object.keys(status).sort()),
    [['address', 'conditions']],
  );
});

it('what was said is remembered while the API server is away, and forgotten with its object', async () => {
  const { store, there, applied: told, kube } = bed();
  const applied = new Map<string, Applied>();
  let served: KubeObject | undefined = there;
  const publish = createPublisher({ store, vmhost: 'v1', kube, served: () => served, applied });
  await publish('Node/a', {} as never);
  served = undefined;
  await publish('Node/a', {} as never);
  const meanwhile = [...applied.keys()];
  served = { ...there, status: { vmhost: 'v1', ...told[0] } };
  await publish('Node/a', {} as never);
  store.remove('Node', 'a');
  served = undefined;
  await publish('Node/a', {} as never);

  assert.deepEqual([meanwhile, told.length, applied.size], [['Node/a'], 1, 0]);
});
