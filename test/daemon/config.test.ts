import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DaemonConfig } from '../../src/api/daemon-config.ts';
import { changedFields, loadConfig } from '../../src/daemon/config.ts';

let dir: string;
let path: string;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-config-'));
  path = join(dir, 'k8slabd.yaml');
});
after(() => rm(dir, { recursive: true, force: true }));

async function load(text: string): Promise<DaemonConfig> {
  await writeFile(path, text);
  return loadConfig(path, { mustExist: true });
}

const DEFAULTS: DaemonConfig = {
  manifests: '/etc/k8slab.d',
  connect: 'qemu:///system',
  domainType: 'auto',
  storage: '/var/lib/libvirt/images/k8slab',
  state: '/var/lib/k8slab',
  identity: '/etc/k8slab/ssh/id_ed25519',
  runtime: '/run/k8slab',
  listen: '127.0.0.1:9811',
  api: { listen: '127.0.0.1:9812' },
  logLevel: 'info',
  maxConcurrentBoots: 8,
  maxRemovals: 3,
  shutdownSeconds: 120,
  resyncSeconds: 60,
  source: { kubeconfig: '', labels: {}, allow: [], overcommit: { cpu: 10, memory: 1, storage: 1 } },
  hostFiles: {
    hosts: '/etc/hosts',
    inventory: '/etc/ansible/hosts',
    sshConfig: '/etc/ssh/ssh_config.d/k8slab.conf',
  },
};

describe('the configuration', () => {
  it('has a default for every field, also where the file is empty or missing', async () => {
    assert.deepEqual(await load(''), DEFAULTS);
    assert.deepEqual(await load('# nothing\n'), DEFAULTS);
    assert.deepEqual(await loadConfig(join(dir, 'none.yaml'), { mustExist: false }), DEFAULTS);
  });

  it('has the fields that are set, and the defaults of the others', async () => {
    const text = 'domainType: qemu\nhostFiles: {inventory: ""}\nlisten: "[::1]:1"\nmaxConcurrentBoots: 2\n';

    assert.deepEqual(await load(text), {
      ...DEFAULTS,
      domainType: 'qemu',
      listen: '[::1]:1',
      maxConcurrentBoots: 2,
      hostFiles: { ...DEFAULTS.hostFiles, inventory: '' },
    });
  });

  it('that was asked for by name must be there', async () => {
    const none = join(dir, 'none.yaml');

    await assert.rejects(loadConfig(none, { mustExist: true }), {
      reason: 'InvalidConfig',
      message: `cannot read configuration "${none}": there is no such file`,
    });
  });

  const wrong: readonly [text: string, named: RegExp][] = [
    ['manifests: etc', /manifests: must be an absolute path/],
    ['domainType: xen', /domainType: /],
    ['state: "/a b"', /state: must be an absolute path of letters/],
    ['identity: /a%h', /identity: must be/],
    ['listen: 0.0.0.0:9811', /listen: must be a loopback address/],
    ['listen: 127.0.0.1:70000', /listen: .*65535/],
    ['listen: 192.168.1.1:80', /listen: /],
    ['maxConcurrentBoots: 0', /maxConcurrentBoots: /],
    ['resyncSeconds: 1.5', /resyncSeconds: /],
    ['hostFiles: {hosts: etc}', /hostFiles\.hosts: /],
    ['hostFiles: {host: /etc/hosts}', /line 1: hostFiles\.host: unknown field \(did you mean "hosts"\?\)/],
    ['logLevel: info\nmanifest: /etc', /line 2: manifest: unknown field \(did you mean "manifests"\?\)/],
    ['x: 1', /line 1: x: unknown field \(known here: manifests, connect, /],
    ['logLevel: info\n---\nlogLevel: debug', /line 3: it must be one document/],
    ['- a', /the document: /],
    ['a: [', /line 1/],
    ['logLevel: info\nlogLevel: debug', /line 2: the key is there twice, first in line 1/],
  ];
  for (const [text, named] of wrong) {
    it(`with ${JSON.stringify(text)} is refused in one line that names the file and the field`, async () => {
      await assert.rejects(load(text), (error: Error & { reason?: string }) => {
        assert.equal(error.reason, 'InvalidConfig');
        assert.ok(error.message.startsWith(`cannot read configuration "${path}": `), error.message);
        assert.match(error.message, named);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }

  it('names every field that is wrong', async () => {
    await assert.rejects(load('logLevel: loud\nresyncSeconds: 1'), {
      message: /line 1: logLevel: .*; line 2: resyncSeconds: must be at least 5/,
    });
  });

  it('R8: that others than root may write to is not used, unless it is only asked what it says', async () => {
    await writeFile(path, '');
    await chmod(path, 0o666);

    await assert.rejects(loadConfig(path, { mustExist: true, trusted: true }), {
      reason: 'NotTrusted',
      hint: `chown root: ${path} && chmod go-w ${path}`,
    });
    assert.deepEqual(await loadConfig(path, { mustExist: true }), DEFAULTS);
    await chmod(path, 0o644);
    assert.deepEqual(await loadConfig(path, { mustExist: true, trusted: true }), DEFAULTS);
  });

  it('U12: that changes is told field by field', () => {
    const changed = {
      ...DEFAULTS,
      logLevel: 'debug',
      hostFiles: { ...DEFAULTS.hostFiles, hosts: '' },
    } as const;

    assert.deepEqual(changedFields(DEFAULTS, changed), ['logLevel', 'hostFiles.hosts']);
    assert.deepEqual(changedFields(DEFAULTS, { ...DEFAULTS }), []);
  });
});
