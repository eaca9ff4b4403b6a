import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CustomObjectsApi, KubeConfig, makeInformer, type KubernetesObject } from '@kubernetes/client-node';
import { serveSecure, type SecureApi } from './bed.ts';

const GROUP = 'k8slab.io';
const VERSION = 'v1alpha1';
const PATH = `/apis/${GROUP}/${VERSION}/nodes`;

let api: SecureApi;
let config: KubeConfig;
before(async () => {
  api = await serveSecure('a', 'b');
  config = new KubeConfig();
  config.loadFromFile(api.kubeconfig);
});
after(() => api.close());

async function listNodes(): Promise<{ items: KubernetesObject[] }> {
  const client = config.makeApiClient(CustomObjectsApi);
  return (await client.listClusterCustomObject({
    group: GROUP,
    version: VERSION,
    plural: 'nodes',
  })) as { items: KubernetesObject[] };
}

function touch(name: string): void {
  const { metadata, status } = api.bed.object('Node', name);
  api.bed.store.updateStatus('Node', name, metadata.uid, { ...status, state: `${status.state ?? ''}+` });
}

describe("an informer of Kubernetes' own client", () => {
  it('lists, is told of what comes, changes and goes, and starts again when its version is forgotten', async () => {
    const informer = makeInformer(config, PATH, listNodes);
    const seen: string[] = [];
    let told: () => void = () => undefined;
    for (const event of ['add', 'update', 'delete'] as const)
      informer.on(event, ({ metadata }) => {
        seen.push(`${event} ${metadata?.name ?? ''}`);
        told();
      });
    const errors: unknown[] = [];
    informer.on('error', (error: unknown) => {
      // What its own `stop` ends is an error to it.
      if (!(error instanceof Error && error.name === 'AbortError')) errors.push(error);
    });
    async function until(event: string): Promise<void> {
      while (!seen.includes(event)) await new Promise<void>((resolve) => (told = resolve));
      seen.splice(0);
    }

    await informer.start();
    assert.deepEqual(seen.splice(0).sort(), ['add a', 'add b']);
    touch('a');
    await until('update a');
    api.bed.apply('Node', 'c');
    await until('add c');
    api.bed.store.remove('Node', 'c');
    await until('delete c');

    // It reconnects from a version that the daemon does not remember any more: it is told so, and lists again.
    await informer.stop();
    for (let times = 0; times < 3000; times += 1) touch('b');
    await informer.start();
    await until('update b');
    touch('a');
    await until('update a');

    await informer.stop();
    assert.deepEqual(errors, []);
  });
});
