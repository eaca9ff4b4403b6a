import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { kubeconfig } from '../../src/cli/kubeconfig.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
let dir: string;
before(async () => {
  lab = await serveLab();
  lab.kubeconfig = { server: 'https://127.0.0.1:9812', ca: 'PEM\n', token: 'secret', name: 'vmhost' };
  dir = await mkdtemp(join(tmpdir(), 'k8slab-kubeconfig-'));
});
after(async () => {
  await lab.close();
  await rm(dir, { recursive: true, force: true });
});

const OWN = {
  clusters: [
    {
      name: 'k8slab',
      cluster: { server: 'https://127.0.0.1:9812', 'certificate-authority-data': 'UEVNCg==' },
    },
  ],
  users: [{ name: 'k8slab', user: { token: 'secret' } }],
  contexts: [{ name: 'k8slab', context: { cluster: 'k8slab', user: 'k8slab' } }],
};

const OTHER = `# mine
apiVersion: v1
kind: Config
clusters:
  - name: work # not this one
    cluster: { server: https://work.example }
  - name: k8slab
    cluster: { server: https://127.0.0.1:1 }
users: []
current-context: work
`;

describe('a kubeconfig', () => {
  it('is printed whole', async () => {
    assert.deepEqual(parse(await kubeconfig(lab.client, {})), {
      apiVersion: 'v1',
      kind: 'Config',
      ...OWN,
      'current-context': 'k8slab',
    });
  });

  it('is written to a file that only its owner may read', async () => {
    const output = join(dir, 'made/new');

    const said = await kubeconfig(lab.client, { output });

    assert.match(
      said,
      /^context "k8slab" is in .*; try it: kubectl --kubeconfig .* --context k8slab get nodes/,
    );
    assert.equal((await stat(join(dir, 'made'))).mode & 0o777, 0o700);
    assert.equal((await stat(output)).mode & 0o777, 0o600);
    assert.equal((parse(await readFile(output, 'utf8')) as { kind: string }).kind, 'Config');
  });

  it('is put beside what a file has, which keeps its other clusters, its context and its words', async () => {
    const output = join(dir, 'old');
    await writeFile(output, OTHER, { mode: 0o644 });

    await kubeconfig(lab.client, { output });
    await kubeconfig(lab.client, { output });

    const text = await readFile(output, 'utf8');
    const { clusters, ...rest } = parse(text) as { clusters: unknown[] };
    assert.deepEqual(clusters, [
      { name: 'work', cluster: { server: 'https://work.example' } },
      ...OWN.clusters,
    ]);
    assert.deepEqual(rest, {
      apiVersion: 'v1',
      kind: 'Config',
      users: OWN.users,
      contexts: OWN.contexts,
      'current-context': 'work',
    });
    assert.match(text, /^# mine\n/);
    assert.match(text, /# not this one/);
    assert.equal((await stat(output)).mode & 0o777, 0o600);
  });

  it('does not take the place of a file that is none', async () => {
    for (const [text, why] of [
      ['kind: Pod\n', 'its kind is not Config'],
      ['just words', 'its kind is not Config'],
      ['a: [', 'at line'],
    ] as const) {
      const output = join(dir, 'none');
      await writeFile(output, text);

      await assert.rejects(kubeconfig(lab.client, { output }), {
        reason: 'InvalidKubeconfig',
        message: new RegExp(`^cannot add to kubeconfig ".*none": .*${why}`),
      });
      assert.equal(await readFile(output, 'utf8'), text);
    }
  });

  it('is not there where the API is not served on HTTPS', async () => {
    const { kubeconfig: before } = lab;
    lab.kubeconfig = undefined;
    await assert.rejects(kubeconfig(lab.client, {}), { reason: 'NotFound', message: /api\.listen/ });
    lab.kubeconfig = before;
  });
});
