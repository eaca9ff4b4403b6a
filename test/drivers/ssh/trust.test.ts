import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import { generateKeyPair } from '../../../src/drivers/keys.ts';
import { fingerprint } from '../../../src/drivers/ssh.ts';
import { guest, sshFor } from './guest.ts';

describe('trusting a guest', { timeout: 60_000 }, () => {
  it('ends where it shows another host key, before the guest learns who asks', async (t) => {
    const shown = generateKeyPair('shown');
    const known = generateKeyPair('known');
    const host = await guest(t, { hostKeys: [shown.privateKey], knownAs: known.publicKey });
    const asked: string[] = [];
    host.onExec = (command) => asked.push(command);

    await assert.rejects(sshFor(t).exec(host.target, ['true']), {
      reason: 'HostKeyMismatch',
      message: `cannot trust guest "127.0.0.1": it shows host key ${fingerprint(shown.publicKey)}, not ${fingerprint(known.publicKey)}`,
    });

    assert.deepEqual([host.connections, asked], [1, []]);
  });

  it('ends where it has no key of the known type, and where no key is known', async (t) => {
    const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
    const host = await guest(t, { hostKeys: [rsa.private], knownAs: generateKeyPair('known').publicKey });
    const ssh = sshFor(t);

    await assert.rejects(ssh.exec(host.target, ['true']), { reason: 'HostKeyMismatch' });
    await assert.rejects(ssh.exec({ ...host.target, hostKeys: [] }, ['true']), { reason: 'HostKeyMismatch' });
    const result = await ssh.exec({ ...host.target, hostKeys: [rsa.public] }, ['echo', 'rsa']);

    assert.equal(result.stdout, 'rsa\n');
  });

  it('asks for the key that it knows, where the guest has others too', async (t) => {
    const rsa = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
    const ed25519 = generateKeyPair('guest');
    for (const known of [rsa.public, ed25519.publicKey]) {
      const host = await guest(t, { hostKeys: [ed25519.privateKey, rsa.private], knownAs: known });

      assert.equal((await sshFor(t).exec(host.target, ['echo', 'hi'])).stdout, 'hi\n');
    }
  });

  it('takes any of the keys known', async (t) => {
    const host = await guest(t);
    const hostKeys = [generateKeyPair('old').publicKey, ...host.target.hostKeys];

    assert.equal((await sshFor(t).exec({ ...host.target, hostKeys }, ['echo', 'hi'])).stdout, 'hi\n');
  });

  it('says when the guest does not take our key, or ours is none', async (t) => {
    const host = await guest(t, { authorized: generateKeyPair('somebody').publicKey });

    await assert.rejects(sshFor(t).exec(host.target, ['true']), {
      reason: 'AuthenticationFailed',
      message: 'cannot log in to guest "127.0.0.1" as centos: it refuses our key',
    });
    const keyless = sshFor(t, { identity: () => Promise.resolve('no key') });
    await assert.rejects(keyless.exec(host.target, ['true']), { reason: 'InvalidKey' });
    await assert.rejects(sshFor(t).exec({ ...host.target, hostKeys: ['no key'] }, ['true']), {
      reason: 'InvalidKey',
    });
  });

  it('names keys as ssh-keygen does', async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'k8slab-ssh-'));
    t.after(() => rm(dir, { recursive: true }));
    const { publicKey } = generateKeyPair('c');
    await writeFile(join(dir, 'key.pub'), `${publicKey}\n`);

    const { stdout } = await promisify(execFile)('ssh-keygen', ['-lf', join(dir, 'key.pub')]);

    assert.equal(stdout.split(' ')[1], fingerprint(publicKey));
  });
});
