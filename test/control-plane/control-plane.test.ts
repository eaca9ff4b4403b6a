import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startControlPlane, type ControlPlane } from './control-plane.ts';

let plane: ControlPlane;
before(async () => {
  plane = await startControlPlane({ users: { 'k8slab:vmhost1': ['k8slab:vmhosts'] } });
});
after(() => plane.kill());

describe('a control plane for tests', () => {
  it('knows who asks, and lets nobody but admin do what no role allows', async () => {
    const admin = await plane.must(['create', 'namespace', 'k8slab-system', '-o', 'name']);
    const who = await plane.kubectl(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], {
      user: 'k8slab:vmhost1',
    });
    const other = await plane.kubectl(['get', 'namespaces'], { user: 'k8slab:vmhost1' });

    assert.equal(admin.trim(), 'namespace/k8slab-system');
    assert.equal(who.stdout, 'k8slab:vmhost1');
    assert.match(other.stderr, /Forbidden/);
  });

  it('has what it had after its API server was killed, and answers nothing meanwhile', async () => {
    await plane.must(['create', 'namespace', 'kept']);

    await plane.stop('SIGKILL');
    const meanwhile = await plane.kubectl(['get', 'namespace', 'kept']);
    await plane.start();
    const later = await plane.must(['get', 'namespace', 'kept', '-o', 'name']);

    assert.match(meanwhile.stderr, /refused/);
    assert.equal(later.trim(), 'namespace/kept');
  });
});
