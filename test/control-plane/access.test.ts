import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { blocksOf, pages } from '../docs/pages.ts';
import { runCommand, poll, type CommandResult } from '../lab/processes.ts';
import { buildBinaries } from './binaries.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';

const PAGE = 'docs/many-vmhosts-setup.md';
const top = join(import.meta.dirname, '../..');

let plane: ControlPlane;
let work: string;

/** What the page says, run by an administrator: the kinds, the rights, and a kubeconfig for vmhost1. */
before(async () => {
  const users = {
    'k8slab:vmhost:vmhost2': ['k8slab:vmhosts'],
    'k8slab:vmhost:vmhost3': ['k8slab:vmhosts'],
    stray: ['k8slab:vmhosts'],
  };
  plane = await startControlPlane({ users });
  work = mkdtempSync(join(tmpdir(), 'k8slab-access-'));
  symlinkSync((await buildBinaries()).kubectl, join(work, 'kubectl'));
  writeFileSync(
    join(work, 'k8slab'),
    `#!/bin/sh\nexec ${process.execPath} ${join(top, 'cmd/k8slab.ts')} "$@"\n`,
  );
  chmodSync(join(work, 'k8slab'), 0o755);
  const page = pages().find(({ path }) => path === PAGE);
  assert.ok(page);
  const shell = blocksOf(page).filter(({ language }) => language === 'sh');
  for (const { text } of shell.filter(({ info }) => info === 'control-plane')) {
    const env = {
      ...process.env,
      PATH: `${work}:${process.env['PATH'] ?? ''}`,
      KUBECONFIG: plane.kubeconfig(),
    };
    const done = await runCommand(['sh', '-euc', text], { cwd: work, env, timeoutMs: 120_000 });
    assert.equal(done.code, 0, done.stderr);
  }
  await plane.must(['apply', '-f', join(top, 'manifests/tutorial/')]);
  // Each try asks for another change: one that is there already would ask for nothing.
  let tries = 0;
  const inForce = async (): Promise<true | undefined> => {
    const { stderr } = await as(1, ['label', '--overwrite', 'kn', 'master00', `a=${(tries += 1)}`]);
    return stderr.includes('ValidatingAdmissionPolicy') ? true : undefined;
  };
  assert.ok(await poll(inForce, { timeoutMs: 60_000, intervalMs: 300 }), 'the policies are not in force');
});

after(async () => {
  await plane.kill();
  rmSync(work, { recursive: true, force: true });
});

/** kubectl with the identity of a vmhost: the first has the kubeconfig of the page, the others are users. */
async function as(vmhost: number, argv: readonly string[], input = ''): Promise<CommandResult> {
  if (vmhost > 1) return plane.kubectl(argv, { user: `k8slab:vmhost:vmhost${vmhost}`, input });
  return plane.kubectl(['--kubeconfig', join(work, 'vmhost1.kubeconfig'), ...argv], { input });
}

async function allowed(result: Promise<CommandResult>): Promise<void> {
  const { code, stderr } = await result;
  assert.equal(code, 0, stderr);
}

async function denied(result: Promise<CommandResult>, why: RegExp): Promise<void> {
  const { code, stderr } = await result;
  assert.notEqual(code, 0, 'it was allowed');
  assert.match(stderr, why);
}

function merge(object: string, value: object): string[] {
  return ['patch', ...object.split(' '), '--type=merge', '-p', JSON.stringify(value)];
}

function status(object: string, value: object): string[] {
  return [...merge(object, { status: value }), '--subresource=status'];
}

function finalizers(value: readonly string[]): string[] {
  return merge('kn master01', { metadata: { finalizers: value } });
}

function condition(type: string, is: string): object {
  return { type, status: is, reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
}

function entry(name: string, ready: string): object {
  return { name, ready, reason: 'R', message: '' };
}

function lease(name: string): string {
  const metadata = { name, namespace: 'k8slab-system' };
  return JSON.stringify({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata,
    spec: { holderIdentity: 'm/1' },
  });
}

function vmhost(name: string): string {
  return JSON.stringify({ apiVersion: 'k8slab.io/v1alpha1', kind: 'Vmhost', metadata: { name }, spec: {} });
}

describe('a k8slabd on an API server', () => {
  it('reads objects of k8slab and Leases, and nothing else of the cluster', async () => {
    await allowed(as(1, ['get', 'k8slab']));
    await allowed(as(1, ['-n', 'k8slab-system', 'get', 'leases']));
    for (const resource of ['secrets', 'nodes', 'pods', 'serviceaccounts', 'customresourcedefinitions'])
      await denied(as(1, ['-n', 'k8slab-system', 'get', resource]), /Forbidden/);
  });

  it('changes nothing that people write, and neither makes nor deletes it', async () => {
    await denied(as(1, merge('kn master00', { spec: { cpus: 3 } })), /changes nothing of a spec/);
    await denied(as(1, ['annotate', 'kn', 'master00', 'a=b']), /changes nothing of a spec/);
    await denied(as(1, ['delete', '--wait=false', 'kn', 'master00']), /cannot delete/);
    await denied(as(1, ['create', '-f', join(top, 'manifests/lab/guest.yaml')]), /cannot create/);
  });

  it('sets and takes off its own finalizer only', async () => {
    const [first, second] = ['vmhost.k8slab.io/vmhost1', 'vmhost.k8slab.io/vmhost2'];

    await allowed(as(1, finalizers([first])));
    await allowed(as(2, finalizers([first, second])));
    await denied(as(2, finalizers([second])), /of finalizers a k8slabd sets and takes off its own only/);
    await denied(as(1, finalizers([])), /its own only/);
    await denied(as(1, finalizers([first, second, 'other.example/x'])), /its own only/);
    await allowed(as(1, finalizers([second])));
    await allowed(as(2, finalizers([])));
  });

  it('binds a Node that is bound nowhere, and then only its vmhost writes its status and lets go of it', async () => {
    const bound = condition('Scheduled', 'True');

    await denied(as(1, status('kn master00', { state: 'running' })), /writes the condition Scheduled only/);
    await allowed(as(1, status('kn master00', { vmhost: 'vmhost2', conditions: [bound] })));
    await denied(as(1, status('kn master00', { state: 'running' })), /bound to another vmhost/);
    await denied(as(3, status('kn master00', { vmhost: 'vmhost3' })), /stays where it is/);
    await denied(as(2, status('kn master00', { vmhost: 'vmhost3' })), /stays where it is/);
    await allowed(
      as(2, status('kn master00', { state: 'running', conditions: [bound, condition('Ready', 'True')] })),
    );
    await denied(
      as(1, status('kn master00', { conditions: [bound, condition('Ready', 'False')] })),
      /Unknown/,
    );
    await denied(as(1, status('kn master00', { conditions: [bound] })), /Unknown/);
    await allowed(as(1, status('kn master00', { conditions: [bound, condition('Ready', 'Unknown')] })));
    await allowed(as(2, status('kn master00', { vmhost: null, state: null })));
  });

  it('writes its own entry of a Network, and of another that it is Unknown before it goes', async () => {
    for (const object of ['knet k8s-net', 'kimg centos7']) {
      await allowed(as(1, status(object, { vmhosts: [entry('vmhost1', 'True')] })));
      await denied(as(2, status(object, { vmhosts: [entry('vmhost1', 'False')] })), /its own vmhost's entry/);
      await denied(as(2, status(object, { vmhosts: [] })), /its own vmhost's entry/);
      await denied(
        as(2, status(object, { vmhosts: [entry('vmhost1', 'True'), entry('vmhost3', 'Unknown')] })),
        /own/,
      );
      await allowed(
        as(2, status(object, { vmhosts: [entry('vmhost1', 'Unknown'), entry('vmhost2', 'True')] })),
      );
      await allowed(as(2, status(object, { vmhosts: [entry('vmhost2', 'True')] })));
    }
  });

  it('writes what a later release knows, and leaves what others applied', async () => {
    const applied = (by: number, more: object): Promise<CommandResult> =>
      as(
        by,
        ['apply', '--server-side', '--subresource=status', `--field-manager=k8slabd-vmhost${by}`, '-f', '-'],
        JSON.stringify({
          apiVersion: 'k8slab.io/v1alpha1',
          kind: 'Image',
          metadata: { name: 'centos7' },
          status: { vmhosts: [entry(`vmhost${by}`, 'True')], ...more },
        }),
      );
    await allowed(as(2, status('kimg centos7', { vmhosts: null })));

    await allowed(applied(1, { laterField: { a: 1 } }));
    await allowed(applied(2, {}));
    const { status: is } = JSON.parse(await plane.must(['get', 'kimg', 'centos7', '-o', 'json'])) as {
      status: { laterField?: object; vmhosts: { name: string }[] };
    };

    assert.deepEqual([is.laterField, is.vmhosts.map(({ name }) => name)], [{ a: 1 }, ['vmhost1', 'vmhost2']]);
  });

  it('makes its own Vmhost, and says of another only what is Unknown of it', async () => {
    await denied(as(2, ['create', '-f', '-'], vmhost('vmhost1')), /of another Vmhost/);
    await allowed(as(1, ['create', '-f', '-'], vmhost('vmhost1')));
    await allowed(as(1, status('kvh vmhost1', { version: '1', conditions: [condition('Ready', 'True')] })));
    await denied(as(2, status('kvh vmhost1', { version: '2' })), /of another Vmhost/);
    await denied(as(2, merge('kvh vmhost1', { spec: { unschedulable: true } })), /of another Vmhost/);
    await denied(as(2, merge('kvh vmhost1', { metadata: { labels: { a: 'b' } } })), /of another Vmhost/);
    await allowed(as(2, status('kvh vmhost1', { conditions: [condition('Ready', 'Unknown')] })));
    await denied(as(1, ['delete', 'kvh', 'vmhost1']), /cannot delete/);
  });

  it('holds its own Lease and that of the elected one', async () => {
    await allowed(as(1, ['create', '-f', '-'], lease('vmhost-vmhost1')));
    await allowed(as(2, ['create', '-f', '-'], lease('k8slab-scheduler')));
    await allowed(
      as(1, ['-n', 'k8slab-system', ...merge('lease k8slab-scheduler', { spec: { holderIdentity: 'm/2' } })]),
    );
    await denied(
      as(2, ['create', '-f', '-'], lease('vmhost-vmhost3')),
      /holds the Lease vmhost-NAME of its own/,
    );
    await denied(
      as(2, ['-n', 'k8slab-system', ...merge('lease vmhost-vmhost1', { spec: { holderIdentity: 'm/2' } })]),
      /of its own vmhost/,
    );
  });

  it('has its Leases before all else where the API server has more to do than it can', async () => {
    const asked = async (by: number, argv: readonly string[]): Promise<string | undefined> => {
      const { stderr } = await as(by, ['--v=8', 'get', ...argv]);
      return /X-Kubernetes-Pf-Flowschema-Uid: (\S+)/i.exec(stderr)?.[1];
    };
    const ours = await plane.must(['get', 'flowschema', 'k8slab-leases', '-o', 'jsonpath={.metadata.uid}']);

    for (const by of [1, 2]) {
      assert.equal(await asked(by, ['-n', 'k8slab-system', 'leases']), ours);
      assert.notEqual(await asked(by, ['kn']), ours);
    }
  });

  it('changes nothing where its user names no vmhost', async () => {
    const told = /k8slabd is no vmhost to this API server/;

    await denied(plane.kubectl(status('kn master02', { vmhost: 'stray' }), { user: 'stray' }), told);
    await denied(
      plane.kubectl(['create', '-f', '-'], { user: 'stray', input: lease('k8slab-scheduler') }),
      told,
    );
  });

  it('writes Events about objects without a namespace, in default alone', async () => {
    const event = (namespace: string): string =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'master00.1', namespace },
        involvedObject: { apiVersion: 'k8slab.io/v1alpha1', kind: 'Node', name: 'master00' },
        reason: 'Started',
        message: 'm',
        type: 'Normal',
      });

    await allowed(as(1, ['create', '-f', '-'], event('default')));
    await denied(as(1, ['create', '-f', '-'], event('kube-system')), /cannot create/);
  });
});
