import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { serveLab, type Served } from '../cli/bed.ts';

const COMMAND = join(import.meta.dirname, '../../cmd/k8slab');
/** Says what it was called with, a word a line. */
const STUB = '#!/bin/sh\necho "${0##*/}"\nfor word; do echo "$word"; done\nexit 7\n';

let lab: Served;
let dir: string;
before(async () => {
  lab = await serveLab();
  dir = await mkdtemp(join(tmpdir(), 'k8slab-guests-'));
  for (const name of ['ssh', 'virsh']) await writeFile(join(dir, name), STUB, { mode: 0o755 });
});
after(async () => {
  await lab.close();
  await rm(dir, { recursive: true, force: true });
});

function k8slab(...args: string[]): Promise<{ code: unknown; words: string[]; stderr: string }> {
  const env = {
    ...process.env,
    K8SLAB_SOCKET: lab.socket,
    NODE_COMPILE_CACHE: join(dir, 'cache'),
    PATH: `${dir}:${process.env['PATH'] ?? ''}`,
  };
  return new Promise((resolve) => {
    execFile(COMMAND, args, { env }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, words: stdout.trimEnd().split('\n'), stderr }),
    );
  });
}

describe('commands that hand the terminal over', () => {
  it('k8slab ssh gives all that follows the Node to the command there, options too, and ends as ssh does', async () => {
    const { code, words } = await k8slab('ssh', '-l', 'root', 'node/a', 'df', '-h', '--help', 'a  b');

    assert.equal(code, 7);
    const { address = '' } = lab.bed.object('Node', 'a').status;
    assert.deepEqual(words.slice(-5), ['-l', 'root', '--', address, "'df' '-h' '--help' 'a  b'"]);
    assert.ok(words.includes('StrictHostKeyChecking=yes') && words.includes('HostKeyAlias=a'));
  });

  it('k8slab ssh without a command is a login', async () => {
    const { words } = await k8slab('ssh', 'a');

    assert.equal(words.at(-1), lab.bed.object('Node', 'a').status.address);
  });

  it("k8slab console is virsh console on k8slabd's libvirt, and says how to leave it", async () => {
    const { code, words, stderr } = await k8slab('console', '--force', 'node/a');

    assert.deepEqual([code, words], [7, ['virsh', '-c', 'qemu:///system', 'console', '--force', '--', 'a']]);
    assert.match(stderr, /Ctrl\+\] leaves/);
  });

  it('says what a Node lacks before anything is started', async () => {
    const { code, stderr } = await k8slab('ssh', 'none');

    assert.deepEqual([code, stderr], [1, 'k8slab: nodes "none" not found\n']);
  });

  it('k8slab restart and stop tell scripts by their exit code', async () => {
    const asked = await k8slab('restart', 'a', 'b', '--wait=false');
    assert.deepEqual([asked.code, asked.words], [0, ['a: restart asked for', 'b: restart asked for']]);
    const refused = await k8slab('stop', 'a');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^k8slab: cannot stop Node "a": .*edit \/etc\/k8slab\.d\/a\.yaml:5/);
    for (const timeout of ['10m', '600s', '600'])
      assert.equal((await k8slab('restart', 'a', '--wait=false', '--timeout', timeout)).code, 0, timeout);
    assert.match(
      (await k8slab('restart', 'a', '--timeout', 'soon')).stderr,
      /seconds or a duration, such as 600/,
    );
  });
});
