import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { Hono } from 'hono';
import { systemClock } from '../../../src/engine/clock.ts';
import * as servers from '../../../src/daemon/http/servers.ts';
import type { RunningServer, ServerDeps } from '../../../src/daemon/http/servers.ts';
import { freePort } from '../../free-port.ts';

let dir: string;
const running: RunningServer[] = [];

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-servers-'));
});
after(async () => {
  for (const server of running) await server.close();
  await rm(dir, { recursive: true, force: true });
});

const errors: [string, string][] = [];
const deps: ServerDeps = {
  onError: (where, error) => errors.push([where, error.message]),
  clock: systemClock(),
};

function serveSocket(served: Hono, path: string): Promise<RunningServer> {
  return servers.serveSocket(served, path, { mode: 0o660 }, deps);
}

function serveTcp(served: Hono, address: string): Promise<RunningServer> {
  return servers.serveTcp(served, address, deps);
}

function app(text: string): Hono {
  const answering = new Hono();
  answering.get('/', (c) => c.text(text));
  return answering;
}

async function kept(server: Promise<RunningServer>): Promise<RunningServer> {
  running.push(await server);
  return server;
}

function get(options: { socketPath: string } | { host: string; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, path: '/' }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** What a daemon leaves that was killed: a socket file that nobody answers on. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.live`, resolve));
  await rename(`${path}.live`, path);
  await new Promise((resolve) => server.close(resolve));
  assert.ok((await stat(path)).isSocket());
}

describe('the socket', () => {
  it('answers, and only its owner and group may use it', async () => {
    const socketPath = join(dir, 'a.sock');

    await kept(serveSocket(app('hello'), socketPath));

    assert.equal(await get({ socketPath }), 'hello');
    assert.equal((await stat(socketPath)).mode & 0o777, 0o660);
  });

  it('E98: of a daemon that lives is not taken from it', async () => {
    const socketPath = join(dir, 'b.sock');
    await kept(serveSocket(app('first'), socketPath));

    await assert.rejects(serveSocket(app('second'), socketPath), { reason: 'AlreadyRunning' });

    assert.equal(await get({ socketPath }), 'first');
  });

  it('that a killed daemon left is replaced', async () => {
    const socketPath = join(dir, 'c.sock');
    await leaveSocket(socketPath);

    await kept(serveSocket(app('new'), socketPath));

    assert.equal(await get({ socketPath }), 'new');
  });

  it('in a directory that is not there is an error that names it', async () => {
    const path = join(dir, 'none', 'd.sock');

    await assert.rejects(serveSocket(app(''), path), { reason: 'CannotListen', message: /none\/d\.sock/ });
  });

  it('is closed again where its group cannot be given, so that the daemon ends', async () => {
    const path = join(dir, 'group.sock');
    const served = servers.serveSocket(app(''), path, { mode: 0o660, gid: -7 }, deps);

    await assert.rejects(served, { reason: 'CannotListen', message: /group\.sock/ });
    await assert.rejects(get({ socketPath: path }), { code: /ENOENT|ECONNREFUSED/ });
  });

  it('that is closed waits for no answer that is still to come', async () => {
    const silent = new Hono();
    const asked = Promise.withResolvers<undefined>();
    silent.get('/', () => {
      asked.resolve(undefined);
      return new Promise<Response>(() => undefined);
    });
    const socketPath = join(dir, 'silent.sock');
    const server = await serveSocket(silent, socketPath);
    const answer = assert.rejects(get({ socketPath }));
    await asked.promise;

    await server.close();
    await answer;
  });

  it('that is closed ends its connections, and a new daemon may have it', async () => {
    const socketPath = join(dir, 'e.sock');
    const first = await serveSocket(app('first'), socketPath);
    await first.close();

    await kept(serveSocket(app('second'), socketPath));

    assert.equal(await get({ socketPath }), 'second');
  });
});

describe('the port', () => {
  it('answers on loopback', async () => {
    const port = await freePort();

    await kept(serveTcp(app('hello'), `127.0.0.1:${port}`));

    assert.equal(await get({ host: '127.0.0.1', port }), 'hello');
  });

  it('that is taken is an error that names it', async () => {
    const port = await freePort();
    await kept(serveTcp(app(''), `127.0.0.1:${port}`));

    await assert.rejects(serveTcp(app(''), `127.0.0.1:${port}`), {
      reason: 'CannotListen',
      message: new RegExp(`^cannot listen on "127\\.0\\.0\\.1:${port}": .*EADDRINUSE`),
    });
  });
});

it('a file that is no socket is not mistaken for a daemon that lives', async () => {
  const socketPath = join(dir, 'f.sock');
  await writeFile(socketPath, '');

  await kept(serveSocket(app('hello'), socketPath));

  assert.equal(await get({ socketPath }), 'hello');
});

describe('R30: errors of a server that runs', () => {
  it('that accepts no connection for a moment are told each time, and it goes on', async () => {
    const socketPath = join(dir, 'g.sock');
    const made: Server[] = [];
    const listen = mock.method(
      Server.prototype,
      'listen',
      function listening(this: Server, ...args: unknown[]) {
        made.push(this);
        listen.mock.restore();
        return Reflect.apply(this.listen.bind(this), this, args) as Server;
      },
    );
    await kept(serveSocket(app('hello'), socketPath));

    for (let time = 0; time < 3; time += 1) made[0]?.emit('error', new Error('accept EMFILE'));

    assert.deepEqual(errors, Array(3).fill([socketPath, 'accept EMFILE']));
    assert.equal(await get({ socketPath }), 'hello');
  });

  it('that a client made end its connection alone', async () => {
    const socketPath = join(dir, 'h.sock');
    await kept(serveSocket(app('hello'), socketPath));

    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(socketPath, () => socket.end('no HTTP\r\n\r\n'));
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });

    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal(await get({ socketPath }), 'hello');
  });
});
