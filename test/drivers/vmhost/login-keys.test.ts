import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Exec } from '../../../src/drivers/exec.ts';
import { findLoginKeys, parsePublicKeys } from '../../../src/drivers/vmhost/login-keys.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-keys-'));
  for (const user of ['root', 'me']) await mkdir(join(root, user, '.ssh'), { recursive: true });
  await writeFile(join(root, 'me/.ssh/id_rsa.pub'), 'ssh-rsa AAAAB3 me\n');
  await writeFile(join(root, 'me/.ssh/id_ed25519.pub'), 'ssh-ed25519 AAAAC3 me\n');
  await writeFile(join(root, 'me/.ssh/id_ed25519'), '-----BEGIN OPENSSH PRIVATE KEY-----\n');
  await writeFile(join(root, 'root/.ssh/id_ecdsa.pub'), 'ecdsa-sha2-nistp256 AAAAE2 root\n');
  await writeFile(
    join(root, 'passwd'),
    `root:x:0:0::${root}/root:/bin/sh\nme:x:1000:1000::${root}/me:/bin/sh\n`,
  );
});
after(() => rm(root, { recursive: true, force: true }));

function agent(): ReturnType<Exec> {
  const stdout = 'ssh-ed25519 AAAAC3 me\nssh-ed25519 AAAAD4 card\n';
  return Promise.resolve({ stdout, stderr: '', code: 0 });
}

describe('the keys that a person logs in with', () => {
  it('are those of who ran sudo, then of the user, then of the agent, each once', async () => {
    const env = { SUDO_USER: 'me', HOME: join(root, 'root'), SSH_AUTH_SOCK: '/run/agent' };

    const keys = await findLoginKeys({ env, passwdFile: join(root, 'passwd'), exec: agent });

    assert.deepEqual(
      keys.map(({ key, from }) => [key.split(' ')[1], from.replace(root, '')]),
      [
        ['AAAAC3', '/me/.ssh/id_ed25519.pub'],
        ['AAAAB3', '/me/.ssh/id_rsa.pub'],
        ['AAAAE2', '/root/.ssh/id_ecdsa.pub'],
        ['AAAAD4', 'ssh-agent'],
      ],
    );
  });

  it('are none where there is neither a directory nor an agent', async () => {
    const exec: Exec = () => assert.fail('asked');
    assert.deepEqual(await findLoginKeys({ env: { HOME: join(root, 'none') }, exec }), []);
  });

  it('are told from private keys, comments and options', () => {
    const text =
      '# mine\n-----BEGIN OPENSSH PRIVATE KEY-----\nno-pty ssh-rsa AAAA x\n\n sk-ssh-ed25519@openssh.com AAAA= x y \n';
    assert.deepEqual(parsePublicKeys(text), ['sk-ssh-ed25519@openssh.com AAAA= x y']);
  });
});
