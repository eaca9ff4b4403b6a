import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createKube } from '../../../src/drivers/kube/client.ts';
import type { Kube, KubeObject } from '../../../src/drivers/kube.ts';
import { json, object, serveBadly, status, type BadServer } from './server.ts';

const REF = { kind: 'Node', name: 'a' } as const;
const MARK = 'vmhost.k8slab.io/v1';

let server: BadServer;
let kube: Kube;
let seen: string[];
beforeEach(async () => {
  seen = [];
  server = await serveBadly();
  kube = createKube({
    kubeconfig: server.kubeconfig,
    kinds: [{ kind: 'Node', plural: 'nodes' }],
    reporter: 'vmhost1',
    onRequest: ({ verb, code }) => void seen.push(`${verb} ${code}`),
  });
});
afterEach(async () => {
  await kube.dispose();
  await server.close();
});

describe('a finalizer', () => {
  const known = object('a', '5') as KubeObject;

  it('is put on an object that is known by one request', async () => {
    server.answer(json(object('a', '6')));

    await kube.setFinalizer(REF, MARK, true, known);

    assert.deepEqual(seen, ['patch 200']);
  });

  it('is put on what the object is by now, where that is not what was known', async () => {
    server.answer(status(409), json(object('a', '6')), json(object('a', '7')));

    await kube.setFinalizer(REF, MARK, true, known);

    assert.deepEqual(seen, ['patch 409', 'get 200', 'patch 200']);
  });
});
