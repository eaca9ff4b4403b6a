import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { generateKeyPair } from '../../../src/drivers/keys.ts';
import type { SshTarget } from '../../../src/drivers/ssh.ts';
import { identity, sshFor } from './guest.ts';

const run = promisify(execFile);
const sshd = '/usr/sbin/sshd';

/** The real sshd behind a port of loopback, one process for each connection; undefined where it cannot run. */
async function openssh(t: TestContext, settings: string[]): Promise<SshTarget | undefined> {
  const able = existsSync(sshd) && process.getuid?.() === 0;
  if (!able || (await run('unshare', ['--mount', 'true']).catch(() => undefined)) === undefined) {
    t.skip('needs root, mount namespaces and openssh-server');
    return undefined;
  }
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-sshd-'));
  await chmod(dir, 0o755);
  const hostKey = generateKeyPair('sshd');
  await writeFile(join(dir, 'key'), hostKey.privateKey, { mode: 0o600 });
  await writeFile(join(dir, 'authorized'), identity.publicKey);
  const users = ['root:*:0:0::/:/bin/sh', 'sshd:*:99:99::/:/bin/sh', 'centos:*:12345:12345::/:/bin/sh', ''];
  await writeFile(join(dir, 'passwd'), users.join('\n'));
  const config = [
    `HostKey ${dir}/key`,
    `AuthorizedKeysFile ${dir}/authorized`,
    'StrictModes no',
    'UsePAM no',
  ];
  await writeFile(join(dir, 'config'), [...config, ...settings, ''].join('\n'));
  // sshd wants /run/sshd and a user to log in as: both are there in a mount namespace of its own only.
  const script = `mount -t tmpfs tmpfs /run; mkdir -m 755 /run/sshd; mount --bind "$1/passwd" /etc/passwd
    exec "$2" -i -f "$1/config"`;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    spawn('unshare', ['--mount', 'sh', '-euc', script, 'sh', dir, sshd], {
      stdio: [socket, socket, 'ignore'],
    });
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    await rm(dir, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  return { address: '127.0.0.1', port, user: 'centos', hostKeys: [hostKey.publicKey] };
}

describe('a guest with the real sshd', { timeout: 60_000 }, () => {
  it('runs commands, also more than its MaxSessions at once', async (t) => {
    const target = await openssh(t, ['MaxSessions 3']);
    if (target === undefined) return;
    const ssh = sshFor(t);

    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        ssh.exec(target, ['sh', '-c', 'sleep 0.05; cat'], { input: `${i}` }),
      ),
    );

    assert.deepEqual(
      results.map(({ stdout }) => Number(stdout)),
      Array.from({ length: 12 }, (_, i) => i),
    );
  });

  it('gets a command killed that is given up', async (t) => {
    const target = await openssh(t, []);
    if (target === undefined) return;
    const dir = await mkdtemp(join(tmpdir(), 'k8slab-killed-'));
    await chmod(dir, 0o777);
    t.after(() => rm(dir, { recursive: true }));
    const ssh = sshFor(t);
    await ssh.exec(target, ['true']);

    const givenUp = new AbortController();

    const script = 'echo $$ >"$0/pid"; exec sleep 60';
    const running = ssh.exec(target, ['sh', '-c', script, dir], { signal: givenUp.signal });
    const aborted = assert.rejects(running, { reason: 'Aborted' });
    const pid = await pidIn(join(dir, 'pid'));
    givenUp.abort();
    await aborted;

    while (existsSync(`/proc/${pid}`)) await delay(5);
    assert.equal((await ssh.exec(target, ['echo', 'still here'])).stdout, 'still here\n');
  });
});

async function pidIn(path: string): Promise<number> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return Number(text);
    await delay(5);
  }
}
