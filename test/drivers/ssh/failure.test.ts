import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { generateKeyPair } from '../../../src/drivers/keys.ts';
import { createSsh } from '../../../src/drivers/ssh.ts';
import { guest, identity, sshFor } from './guest.ts';

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
