import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { version } from '../../src/api/version.ts';
import { networkText, nodeText } from '../api/manifest/samples.ts';
import { serveLab, type Served } from '../cli/bed.ts';

const COMMAND = join(import.meta.dirname, '../../cmd/k8slab');

let lab: Served;
let dir: string;
before(async () => {
  lab = await serveLab();
  dir = await mkdtemp(join(tmpdir(), 'k8slab-cmd-'));
});
after(async () => {
  await lab.close();
  await rm(dir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command, as a user would; `input` is what is piped into it. */
function k8slab(args: readonly string[], options: { socket?: string; input?: string } = {}): Promise<Ended> {
  const { socket = lab.socket, input = '' } = options;
  // Compiling costs more than running.
  const env = { ...process.env, K8SLAB_SOCKET: socket, NODE_COMPILE_CACHE: join(dir, 'cache') };
  return new Promise((resolve) => {
    const child = execFile(COMMAND, args, { env }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        stdout,
        stderr,
      });
    });
    child.stdin?.end(input);
  });
}

// Each run costs half a second: what needs no process of its own is tested beside src/cli.
describe('k8slab', () => {
  it('prints its version and its help on stdout', async () => {
    const [plain, help] = await Promise.all([k8slab(['--version']), k8slab(['--help'])]);

    assert.deepEqual(plain, { code: 0, stdout: `${version}\n`, stderr: '' });
    assert.deepEqual([help.code, help.stderr], [0, '']);
    for (const command of ['adopt', 'get', 'plan', 'validate', 'explain', 'completion']) {
      assert.match(help.stdout, new RegExp(`^ {2}${command} `, 'm'));
    }
    assert.doesNotMatch(help.stdout, /__complete/);
  });

  it('fails with a hint for what it does not know', async () => {
    const [command, kind] = await Promise.all([k8slab(['gte']), k8slab(['get', 'nodez'])]);

    assert.deepEqual([command.code, command.stdout], [1, '']);
    assert.match(command.stderr, /unknown command 'gte'[^]*Did you mean get/);
    const stderr = 'k8slab: cannot get "nodez": there is no such kind (did you mean "node"?)\n';
    assert.deepEqual(kind, { code: 1, stdout: '', stderr });
  });

  it('says in one line that the daemon does not answer, and what to do', async () => {
    const { code, stdout, stderr } = await k8slab(['get'], { socket: join(dir, 'none.sock') });

    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /^k8slab: cannot reach k8slabd at ".*none\.sock": .* \(systemctl status k8slabd\)\n$/,
    );
  });
});

describe('k8slab get', () => {
  it('prints what the daemon has, says on stderr that there is nothing, and fails for a name that is not there', async () => {
    lab.bed.store.remove('Image', 'debian');
    const [nodes, none, missing] = await Promise.all([
      k8slab(['get', 'nodes', '--no-headers']),
      k8slab(['get', 'images']),
      k8slab(['get', 'node/none']),
    ]);
    lab.bed.apply('Image', 'debian');

    assert.deepEqual([nodes.code, nodes.stderr, nodes.stdout.match(/^[ab] +<none> /gm)?.length], [0, '', 2]);
    assert.deepEqual(none, { code: 0, stdout: '', stderr: 'No resources found\n' });
    assert.deepEqual(missing, { code: 1, stdout: '', stderr: 'k8slab: nodes "none" not found\n' });
  });
});

describe('k8slab plan', () => {
  it('exits with 0 for nothing to do, 2 for changes, 1 for what cannot be planned', async () => {
    const step = { type: 'StartDomain', disruption: 'none', reason: 'the guest shall run' } as const;
    const ends: [number, string][] = [];
    for (const planned of [{ actions: [] }, { actions: [step] }, { actions: [], error: 'no libvirt' }]) {
      lab.planned = [{ kind: 'Node', name: 'a', ...planned }];
      const { code, stdout } = await k8slab(['plan', '-o', 'json']);
      assert.deepEqual(JSON.parse(stdout), { items: lab.planned, manifests: [] });
      ends.push([code, Object.keys(planned).join()]);
    }

    assert.deepEqual(ends, [
      [0, 'actions'],
      [2, 'actions'],
      [1, 'actions,error'],
    ]);
  });
});

describe('k8slab validate', () => {
  it('needs no daemon: 0 and the good files, or 1 and each error with its place', async () => {
    const [good, bad] = [join(dir, 'good.yaml'), join(dir, 'bad.yaml')];
    await writeFile(good, networkText('k8s-net'));
    await writeFile(bad, nodeText('a', { cpuz: 1 }));
    const socket = join(dir, 'none.sock');

    const [piped, strict, wrong] = await Promise.all([
      k8slab(['validate', '-', good], { socket, input: nodeText('a') }),
      k8slab(['validate', '-', good, '--strict'], { socket, input: nodeText('a') }),
      k8slab(['validate', good, bad], { socket }),
    ]);

    const dangling = /^<stdin>:1:\d+: spec\.disk\.image: no manifest has the Image "debian"\n$/;
    assert.deepEqual([piped.code, piped.stdout], [0, `${good}: 1 object\n<stdin>: 1 object\n`]);
    assert.match(piped.stderr.replace(/^warning: /, ''), dangling);
    assert.equal(strict.code, 1);
    assert.match(strict.stderr, dangling);
    assert.deepEqual([wrong.code, wrong.stdout], [1, `${good}: 1 object\n`]);
    assert.match(wrong.stderr, /bad\.yaml:1:\d+: spec\.cpuz: .*cpus/);
  });
});

describe('k8slab explain and completion', () => {
  it('hints at the nearest field, and completes words that look like options', async () => {
    const [wrong, formats] = await Promise.all([
      k8slab(['explain', 'node.spec.dsk']),
      k8slab(['__complete', 'get', '-o', '']),
    ]);

    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /disk/);
    assert.match(formats.stdout, /^wide\nyaml\njson\nname\njsonpath=\n[^]*:4\n$/);
  });
});

describe('R29: output that nobody reads any more', () => {
  it('ends the command quietly', async () => {
    const child = spawn(COMMAND, ['explain', 'node'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const [stderr, code] = await Promise.all([
      text(child.stderr),
      new Promise((resolve) => child.on('close', resolve)),
    ]);

    assert.deepEqual([code, stderr], [0, '']);
  });
});
