import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import type { InitFlags } from '../../../src/cli/init/ask.ts';
import type { Found } from '../../../src/cli/init/found.ts';
import { init, type InitDeps } from '../../../src/cli/init/init.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL me';
const CHECKSUM = `sha512:${'a'.repeat(128)}`;
const found: Found = {
  machine: { memoryTotal: 16 * 1024 ** 3, memoryAvailable: 12 * 1024 ** 3, cpus: 4, cpuFlags: [] },
  arch: 'x64',
  taken: {
    routes: [{ dev: 'wlan0', cidr: '192.168.1.0/24' }],
    networks: [{ name: 'default', cidr: '192.168.111.0/24' }],
  },
  uplinks: ['wlan0'],
  keys: [{ key: KEY, from: 'ssh-agent' }],
  unseen: [],
};

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-init-'));
});
after(() => rm(root, { recursive: true, force: true }));

interface Run {
  readonly dir: string;
  readonly written: readonly string[];
  readonly told: readonly string[];
  readonly asked: readonly string[];
  readonly text: (name: string) => Promise<string>;
}

async function run(
  flags: Partial<InitFlags>,
  answers?: readonly string[],
  deps: Partial<InitDeps> = {},
): Promise<Run> {
  const dir = flags.dir ?? (await mkdtemp(join(root, 'dir-')));
  const [told, asked, left]: [string[], string[], string[]] = [[], [], [...(answers ?? [])]];
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    const answer = left.shift();
    return answer === undefined
      ? Promise.reject(new ReasonedError('Aborted', 'gone'))
      : Promise.resolve(answer);
  };
  const written = await init(
    { ...flags, dir },
    {
      found,
      ask: answers === undefined ? undefined : ask,
      tell: (line) => void told.push(line),
      fetchChecksum: () => Promise.resolve(CHECKSUM),
      ...deps,
    },
  );
  return { dir, written, told, asked, text: (name) => readFile(join(dir, name), 'utf8') };
}

describe('k8slab init', () => {
  it('asks nothing with --yes, and takes what is usual and free', async () => {
    const { dir, written, text } = await run({ yes: true });

    const names = ['debian-13.yaml', 'network.yaml', 'master00.yaml', 'worker00.yaml', 'worker01.yaml'];
    assert.deepEqual(
      written,
      names.map((name) => join(dir, name)),
    );
    assert.match(await text('debian-13.yaml'), new RegExp(`checksum: ${CHECKSUM}`));
    assert.match(await text('network.yaml'), /cidr: 192\.168\.112\.0\/24/);
    assert.match(await text('master00.yaml'), new RegExp(`- "${KEY}"`));
  });

  it('takes each flag', async () => {
    const keyFile = join(root, 'key.pub');
    await writeFile(keyFile, `${KEY}\n`);
    const { written, text } = await run({
      image: 'rocky-9',
      masters: '2',
      workers: '0',
      loadBalancer: true,
      network: '172.30.0.0/24',
      domain: 'k8s.example',
      uplink: 'eth9',
      sshKey: keyFile,
      memory: '3Gi',
      yes: true,
    });

    assert.equal(written.length, 6);
    assert.match(
      await text('network.yaml'),
      /domain: k8s\.example\n {2}cidr: 172\.30\.0\.0\/24\n.*dev: eth9/,
    );
    assert.match(await text('master01.yaml'), /memory: 3Gi/);
  });

  it('asks a person for what no flag says, and again after a wrong answer', async () => {
    const { asked, told, text } = await run({ workers: '0' }, [
      'fedroa-44',
      'fedora-44',
      'many',
      '',
      '',
      '192.168.1.0/24',
      '192.168.50.0/24',
      'any',
      '/nowhere/id.pub',
      'none',
      'perhaps',
      '',
    ]);

    assert.deepEqual(
      asked.map((question) => question.split(/ [([]/)[0]),
      [
        'Image',
        'Image',
        'Masters',
        'Masters',
        'A load balancer before the masters',
        'Network',
        'Network',
        'Uplink',
        'Public ssh key that may log in',
        'Public ssh key that may log in',
        asked.at(-1)?.split(' [')[0],
        asked.at(-1)?.split(' [')[0],
      ],
    );
    assert.match(told.join('\n'), /"\/nowhere\/id\.pub": there is no such file/);
    assert.match(told.join('\n'), /"perhaps": yes or no is meant/);
    assert.match(told.join('\n'), /did you mean "fedora-44"\?/);
    assert.match(told.join('\n'), /192\.168\.1\.0\/24, which the vmhost reaches by wlan0/);
    assert.match(await text('network.yaml'), /cidr: 192\.168\.50\.0\/24/);
    assert.match(await text('master00.yaml'), /# ssh:/);
  });

  it('writes nothing when the person says no, or goes', async () => {
    const usual = Array<string>(7).fill('');
    const { dir, written } = await run({}, [...usual, 'n']);

    assert.deepEqual([written, await readdir(dir)], [[], []]);
    const gone = await mkdtemp(join(root, 'gone-'));
    await assert.rejects(run({ dir: gone }, usual), { reason: 'Aborted' });
    assert.deepEqual(await readdir(gone), []);
  });

  it('names the list of checksums where it cannot be asked, and says so', async () => {
    const unreachable = new ReasonedError('SourceUnreachable', 'cannot read checksums "x": no route');
    const { told, text } = await run({ yes: true }, undefined, {
      fetchChecksum: () => Promise.reject(unreachable),
    });
    const offline = await run({ yes: true, offline: true }, undefined, {
      fetchChecksum: () => assert.fail('asked'),
    });

    assert.match(told.join('\n'), /no route; the manifest names the list/);
    for (const read of [text, offline.text])
      assert.match(await read('debian-13.yaml'), /checksum: https:\/\/cloud\.debian\.org\/.*SHA512SUMS/);
  });

  it('overwrites nothing, and writes none of the files where one is there', async () => {
    const dir = await mkdtemp(join(root, 'full-'));
    await writeFile(join(dir, 'worker01.yaml'), 'mine');

    await assert.rejects(run({ dir, yes: true }), { reason: 'FileExists' });

    assert.deepEqual(await readdir(dir), ['worker01.yaml']);
    assert.equal(await readFile(join(dir, 'worker01.yaml'), 'utf8'), 'mine');
  });

  it('says which file is there when it is run again, however the directory is written', async () => {
    const { dir } = await run({ yes: true });

    for (const way of [dir, `${root}/./${basename(dir)}/`])
      await assert.rejects(run({ dir: way, yes: true }), { reason: 'FileExists' });
  });

  it('adds nothing that contradicts the manifests which are there', async () => {
    const dir = await mkdtemp(join(root, 'other-'));
    const other =
      'apiVersion: k8slab.io/v1alpha1\nkind: Network\nmetadata: {name: x}\nspec: {cidr: 192.168.112.0/23}\n';
    await writeFile(join(dir, 'x.yaml'), other);

    await assert.rejects(run({ dir, yes: true }), { reason: 'ManifestsClash' });
    await run({ dir, yes: true, network: '192.168.120.0/24' });
    assert.equal((await readdir(dir)).length, 6);
  });

  it('refuses a private key, a missing one and a file without one', async () => {
    const secret = join(root, 'id');
    await writeFile(secret, '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n');
    const other = join(root, 'notes.txt');
    await writeFile(other, 'no key\n');
    const cases: readonly [path: string, hint: RegExp][] = [
      [other, /id_ed25519\.pub/],
      [secret, /name .*id\.pub/],
      [join(root, 'none.pub'), /ssh-keygen/],
    ];
    for (const [sshKey, hint] of cases) {
      await assert.rejects(run({ yes: true, sshKey }), (error: ReasonedError) => {
        assert.equal(error.reason, 'BadKey');
        assert.match(error.hint ?? '', hint);
        return true;
      });
    }
  });

  it('makes a directory that only its owner may write to, whatever the umask', async () => {
    const dir = join(root, 'new/deep');
    const before = process.umask(0o002);
    try {
      await run({ dir, yes: true });
    } finally {
      process.umask(before);
    }

    assert.equal((await stat(dir)).mode & 0o777, 0o755);
    assert.equal((await stat(join(dir, 'network.yaml'))).mode & 0o777, 0o644);
  });

  it('has no image for another machine than x86_64, and says so before it asks', async () => {
    await assert.rejects(run({}, [], { found: { ...found, arch: 'arm64' } }), {
      reason: 'UnknownArchitecture',
    });
  });

  it('warns of an image that the CPU cannot run', async () => {
    const { told } = await run({ yes: true, image: 'rocky-10' });

    assert.match(told.join('\n'), /x86-64-v3/);
  });
});
