import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import fc from 'fast-check';
import ssh2 from 'ssh2';
import { generateKeyPair } from '../../../src/drivers/keys.ts';
import { createSsh, fingerprint } from '../../../src/drivers/ssh.ts';
import { guest, identity, sshFor } from './guest.ts';

describe('running a command in a guest', { timeout: 60_000 }, () => {
  it('gives its code, output and error output, and hands it its input', async (t) => {
    const { target } = await guest(t);
    const ssh = sshFor(t);

    const result = await ssh.exec(target, ['sh', '-c', 'cat; echo oops >&2; exit 3'], { input: 'in\n日本' });

    assert.deepEqual(result, { code: 3, stdout: 'in\n日本', stderr: 'oops\n' });
  });

  it('tells a command ended by a signal as a shell does', async (t) => {
    const { target } = await guest(t);

    const result = await sshFor(t).exec(target, ['sh', '-c', 'kill -TERM $$']);

    assert.equal(result.code, 128 + 15);
  });

  it('hands over every argument unchanged', async (t) => {
    const { target } = await guest(t);
    const ssh = sshFor(t);
    const argument = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').toWellFormed());
    const nasty = [
      "'",
      "it's",
      '$HOME `id` $(id)',
      'a\nb\n',
      '-n',
      '',
      ' ',
      '\\',
      '"',
      '*',
      '~',
      '!',
      'é日本🙂',
      '\r\t',
    ];

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(argument, fc.constantFrom(...nasty)), { minLength: 1, maxLength: 5 }),
        async (argv) => {
          const { stdout } = await ssh.exec(target, ['printf', '%s\\001', ...argv]);
          assert.equal(stdout, argv.map((each) => `${each}\u0001`).join(''));
        },
      ),
      { numRuns: 40 },
    );
    await assert.rejects(ssh.exec(target, ['echo', 'a\0b']), { reason: 'InvalidArgument' });
  });

  it('puts many calls through one connection, no more at once than the guest takes', async (t) => {
    const host = await guest(t);
    const ssh = sshFor(t);

    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ssh.exec(host.target, ['sh', '-c', `sleep 0.05; echo ${i}`])),
    );

    assert.deepEqual(
      results.map(({ stdout }) => Number(stdout)),
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.equal(host.connections, 1);
    assert.ok(host.mostRunning > 1 && host.mostRunning <= 8, `${host.mostRunning} at once`);
  });

  it('gets on with a guest that takes fewer sessions', async (t) => {
    const host = await guest(t);
    host.maxSessions = 2;
    const ssh = sshFor(t);

    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => ssh.exec(host.target, ['echo', `${i}`])),
    );

    assert.equal(results.length, 12);
    assert.ok(host.connections <= 2, `${host.connections} connections`);
  });

  it('connects anew for another user or another host key', async (t) => {
    const host = await guest(t);
    const ssh = sshFor(t);
    await ssh.exec(host.target, ['true']);
    await ssh.exec({ ...host.target, hostKeys: [...host.target.hostKeys, generateKeyPair('x').publicKey] }, [
      'true',
    ]);

    await assert.rejects(ssh.exec({ ...host.target, user: 'root' }, ['true']), {
      reason: 'AuthenticationFailed',
    });

    assert.equal(host.connections, 3);
  });

  it('closes a connection that is not used', async (t) => {
    const host = await guest(t);
    const closed = Promise.withResolvers<undefined>();
    host.onClosed = () => closed.resolve(undefined);

    await sshFor(t, { idleMs: 20 }).exec(host.target, ['true']);

    await closed.promise;
  });

  it('connects again after the guest went away', async (t) => {
    const host = await guest(t);
    const closed = Promise.withResolvers<undefined>();
    host.onClosed = () => closed.resolve(undefined);
    const ssh = sshFor(t);
    await ssh.exec(host.target, ['true']);

    host.cut();
    await closed.promise;
    await ssh.exec(host.target, ['true']).catch(() => ssh.exec(host.target, ['true']));

    assert.equal(host.connections, 2);
  });
});

describe('trusting a guest', { timeout: 60_000 }, () => {
  it('ends where it shows another host key, before the guest learns who asks', async (t) => {
    const shown = generateKeyPair('shown');
    const known = generateKeyPair('known');
    const host = await guest(t, { hostKey: shown.privateKey, knownAs: known.publicKey });
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
    const host = await guest(t, { hostKey: rsa.private, knownAs: generateKeyPair('known').publicKey });
    const ssh = sshFor(t);

    await assert.rejects(ssh.exec(host.target, ['true']), { reason: 'HostKeyMismatch' });
    await assert.rejects(ssh.exec({ ...host.target, hostKeys: [] }, ['true']), { reason: 'HostKeyMismatch' });
    const result = await ssh.exec({ ...host.target, hostKeys: [rsa.public] }, ['echo', 'rsa']);

    assert.equal(result.stdout, 'rsa\n');
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

describe('a guest that fails', { timeout: 60_000 }, () => {
  it('is Unreachable when nobody listens, it hangs up or never greets', async (t) => {
    const ssh = sshFor(t, { connectTimeoutMs: 150 });
    const { publicKey } = generateKeyPair('x');
    const silent = await tcpServer(t, () => undefined);
    const rude = await tcpServer(t, (socket) => socket.destroy());

    for (const port of [1, silent, rude]) {
      const target = { address: '127.0.0.1', port, user: 'centos', hostKeys: [publicKey] };
      await assert.rejects(ssh.exec(target, ['true']), { reason: 'Unreachable' }, `port ${port}`);
      await assert.rejects(
        ssh.exec(target, ['true'], { deadlineMs: 20 }),
        { reason: 'Unreachable' },
        `port ${port}`,
      );
    }
  });

  it('is given up at the deadline and its command killed, and the others are left alone', async (t) => {
    const host = await guest(t);
    const ended = new EventEmitter();
    host.onEnded = () => host.running === 0 && ended.emit('ended');
    const ssh = sshFor(t);
    await ssh.exec(host.target, ['true']);
    const others = Promise.all([1, 2].map(() => ssh.exec(host.target, ['sh', '-c', 'sleep 0.3; echo done'])));

    await assert.rejects(ssh.exec(host.target, ['sleep', '100'], { deadlineMs: 150 }), {
      reason: 'DeadlineExceeded',
      message: 'cannot run command on guest "127.0.0.1": not done in 0.15 s',
    });

    assert.deepEqual(
      (await others).map(({ stdout }) => stdout),
      ['done\n', 'done\n'],
    );
    assert.equal(host.connections, 1);
    if (host.running > 0) await once(ended, 'ended');
    assert.equal(host.running, 0);
  });

  it('that hangs after it let us in does not hold its places for ever', async (t) => {
    const host = await guest(t);
    const ssh = sshFor(t, { maxSessions: 1, graceMs: 50 });
    await ssh.exec(host.target, ['true']);
    host.behaviour = 'ignore';
    await assert.rejects(ssh.exec(host.target, ['true'], { deadlineMs: 50 }), { reason: 'DeadlineExceeded' });

    host.behaviour = 'run';
    const result = await ssh.exec(host.target, ['echo', 'back']);

    assert.equal(result.stdout, 'back\n');
    assert.equal(host.connections, 2);
  });

  it('is noticed by its silence', async (t) => {
    const host = await guest(t);
    const stalled = await proxy(t, host.target.port ?? 0);
    const ssh = sshFor(t, { keepaliveMs: 50 });
    const target = { ...host.target, port: stalled.port };
    await ssh.exec(target, ['true']);

    stalled.stop();
    await assert.rejects(ssh.exec(target, ['true']), { reason: 'Unreachable', message: /Keepalive timeout/ });
  });

  it('does no harm when it resets the connection or refuses the command', async (t) => {
    const host = await guest(t);
    const ssh = sshFor(t);
    host.behaviour = 'reset';
    await assert.rejects(ssh.exec(host.target, ['true']), { reason: 'Unreachable' });
    host.behaviour = 'refuse';
    await assert.rejects(ssh.exec(host.target, ['true']), { reason: 'Unreachable' });
    host.behaviour = 'run';
    host.maxSessions = 0;
    await assert.rejects(ssh.exec(host.target, ['true']), { reason: 'Unreachable', message: /open failure/ });
    host.maxSessions = 10;

    assert.equal((await ssh.exec(host.target, ['echo', 'well'])).stdout, 'well\n');
  });

  it('is stopped when it prints too much', async (t) => {
    const host = await guest(t);
    const ssh = sshFor(t);

    await assert.rejects(ssh.exec(host.target, ['cat', '/dev/zero'], { maxOutput: 10_000 }), {
      reason: 'OutputTooLarge',
    });
    const script = 'cat /dev/zero >&2';
    await assert.rejects(ssh.exec(host.target, ['sh', '-c', script]), { reason: 'OutputTooLarge' });
    const { stdout } = await ssh.exec(host.target, ['head', '-c', '3000000', '/dev/zero'], {
      maxOutput: 3_000_000,
    });

    assert.equal(stdout.length, 3_000_000);
  });

  it('is left when the caller gives up, or the driver ends', async (t) => {
    const host = await guest(t);
    const ssh = createSsh({ identity: () => Promise.resolve(identity.privateKey) });
    const ended = new AbortController();
    host.onExec = () => ended.abort();

    await assert.rejects(ssh.exec(host.target, ['sleep', '100'], { signal: ended.signal }), {
      reason: 'Aborted',
    });
    await assert.rejects(ssh.exec(host.target, ['true'], { signal: ended.signal }), { reason: 'Aborted' });
    const running = ssh.exec(host.target, ['sleep', '100']);
    const aborted = assert.rejects(running, { reason: 'Aborted' });
    host.onExec = () => void ssh.dispose();

    await aborted;
    await assert.rejects(ssh.exec(host.target, ['true']), { reason: 'Aborted' });
  });
});

async function tcpServer(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Passes bytes on until it is told to stop, as a guest that hangs does. */
async function proxy(t: TestContext, to: number): Promise<{ port: number; stop: () => void }> {
  const { connect } = await import('node:net');
  const pairs: [Socket, Socket][] = [];
  const port = await tcpServer(t, (socket) => {
    const onward = connect(to, '127.0.0.1');
    onward.on('error', () => undefined);
    t.after(() => onward.destroy());
    socket.pipe(onward).pipe(socket);
    pairs.push([socket, onward]);
  });
  return {
    port,
    stop: () => {
      for (const [socket, onward] of pairs) {
        socket.unpipe(onward);
        onward.unpipe(socket);
        socket.resume();
      }
    },
  };
}
