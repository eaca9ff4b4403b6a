import assert from 'node:assert/strict';
import { request as requestTls } from 'node:https';
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createApi } from '../../../src/daemon/http/api.ts';
import { serveSocket, type RunningServer } from '../../../src/daemon/http/servers.ts';
import { systemClock } from '../../../src/engine/clock.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { serveSecure, type SecureApi } from '../../kubectl/bed.ts';

const NODES = '/apis/k8slab.io/v1alpha1/nodes';

let api: SecureApi;
let dir: string;
let socketPath: string;
const running: RunningServer[] = [];
before(async () => {
  api = await serveSecure('a', 'b');
  dir = await mkdtemp(join(tmpdir(), 'k8slab-bad-'));
  await chmod(dir, 0o755);
  socketPath = join(dir, 'k8slab.sock');
  const deps = { onError: api.deps.onError, clock: systemClock() };
  running.push(await serveSocket(createApi(api.deps, 'read'), socketPath, { mode: 0o660 }, deps));
});
after(async () => {
  for (const server of running) await server.close();
  await api.close();
  await rm(dir, { recursive: true, force: true });
});

interface Answer {
  readonly code: number;
  readonly body: string;
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  return { code: response.statusCode ?? 0, body };
}

function get(path: string, options: Record<string, unknown> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, ...options }, (response) => resolve(answerOf(response)));
    sent.on('error', reject);
    sent.end();
  });
}

function statusOf({ code, body }: Answer): unknown[] {
  const status = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual([status['kind'], status['code']], ['Status', code]);
  return [code, status['reason']];
}

function touch(name = 'a'): void {
  const { metadata, status } = api.bed.object('Node', name);
  const state = status.state === 'running' ? 'paused' : 'running';
  api.bed.store.updateStatus('Node', name, metadata.uid, { ...status, state });
}

/** The next thing that the server tells, which shows that it goes on. */
async function goesOn(): Promise<void> {
  assert.equal((await get(NODES)).code, 200);
}

describe('a client that is wrong', () => {
  for (const authorization of [undefined, 'Bearer wrong', 'Basic eDp5', '']) {
    it(`in its token (${authorization ?? 'none'}) is unauthorized, whatever it asks for`, async () => {
      for (const path of [NODES, '/healthz', '/none']) {
        const answer = await new Promise<Answer>((resolve, reject) => {
          const headers = authorization === undefined ? {} : { authorization };
          const sent = requestTls(`${api.server}${path}`, { headers, ca: api.identity.ca }, (response) =>
            resolve(answerOf(response)),
          );
          sent.on('error', reject);
          sent.end();
        });
        assert.deepEqual(statusOf(answer), [401, 'Unauthorized'], path);
      }
    });
  }

  it('in its selectors, its versions or its limits is told so', async () => {
    for (const [query, expected] of [
      ['fieldSelector=spec.cpus%3D2', [400, 'BadRequest']],
      ['labelSelector=a%20b', [400, 'BadRequest']],
      ['limit=many', [400, 'BadRequest']],
      ['limit=1&continue=nonsense', [400, 'BadRequest']],
      ['resourceVersion=abc', [422, 'Invalid']],
      ['watch=true&resourceVersion=abc', [422, 'Invalid']],
      ['watch=true&sendInitialEvents=true', [422, 'Invalid']],
      ['resourceVersion=999999999999', [504, 'Timeout']],
      ['resourceVersion=1&resourceVersionMatch=Exact', [410, 'Expired']],
    ] as const)
      assert.deepEqual(statusOf(await get(`${NODES}?${query}`)), expected, query);
  });

  it('in the form that it wants is told so', async () => {
    const headers = { accept: 'application/vnd.kubernetes.protobuf' };

    assert.deepEqual(statusOf(await get(NODES, { headers })), [406, 'NotAcceptable']);
  });

  it('that watches from the past is told by an event of the watch to list again', async () => {
    for (let times = 0; times < 3000; times += 1) touch();

    const { code, body } = await get(`${NODES}?watch=true&resourceVersion=1`);

    const { type, object } = JSON.parse(body) as { type: string; object: Record<string, unknown> };
    assert.deepEqual([code, type, object['code'], object['reason']], [200, 'ERROR', 410, 'Expired']);
  });

  it('that goes on with a list from the past is told to begin anew', async () => {
    const first = JSON.parse((await get(`${NODES}?limit=1`)).body) as { metadata: { continue: string } };
    for (let times = 0; times < 3000; times += 1) touch();

    const answer = await get(`${NODES}?limit=1&continue=${first.metadata.continue}`);

    assert.deepEqual(statusOf(answer), [410, 'Expired']);
  });

  it('that writes objects is told where they are edited, one that changes something is not let by a socket for who looks', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      assert.deepEqual(statusOf(await get(`${NODES}/a`, { method })), [405, 'MethodNotAllowed'], method);
    for (const path of ['removals', 'packageupdates', 'kubeconfig'])
      assert.deepEqual(
        statusOf(await get(`/apis/k8slab.io/v1alpha1/${path}`, { method: 'POST' })),
        [403, 'Forbidden'],
        path,
      );
  });

  it('of another user may not open the socket', { skip: process.getuid?.() !== 0 }, async () => {
    const open = `require('net').connect('${socketPath}').on('connect', () => process.exit(0)).on('error', ({ code }) => { console.log(code); process.exit(1) })`;

    const { status, stdout } = spawnSync(process.execPath, ['-e', open], { uid: 65_534, gid: 65_534 });

    assert.equal((await stat(socketPath)).mode & 0o007, 0);
    assert.deepEqual([status, stdout.toString()], [1, 'EACCES\n']);
  });
});

describe('a client that wants too much', () => {
  for (const [what, headers] of [
    ['of a known length', { 'content-length': String(100 * 1024 * 1024) }],
    ['of a length that nobody knows', { 'transfer-encoding': 'chunked' }],
  ] as const) {
    it(`by a request of 100 MB ${what} is refused, and it is not kept`, async () => {
      const chunk = Buffer.alloc(1024 * 1024, 32);
      const before = process.memoryUsage().rss;
      const { answer, sent } = await new Promise<{ answer: Answer; sent: number }>((resolve, reject) => {
        let count = 0;
        const path = '/apis/k8slab.io/v1alpha1/plan';
        const asked = request({ socketPath, path, method: 'POST', headers }, (response) => {
          void answerOf(response).then((answer) => {
            asked.destroy();
            resolve({ answer, sent: count });
          });
        });
        asked.on('error', (error) => (asked.destroyed ? undefined : reject(error)));
        function more(): void {
          if (asked.destroyed || count === 100) return;
          count += 1;
          asked.write(chunk, more);
        }
        more();
      });

      assert.deepEqual(statusOf(answer), [413, 'RequestEntityTooLarge']);
      assert.ok(sent < 100, `${sent} MB were sent`);
      assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
      await goesOn();
    });
  }

  it('by a thousand watches is served, and the event loop is not held up', async () => {
    const count = 1000;
    const since = api.bed.store.version();
    let told = 0;
    const all = Promise.withResolvers<undefined>();
    const watches: Socket[] = [];
    // No more than the kernel lets wait to be accepted.
    while (watches.length < count)
      watches.push(
        ...(await Promise.all(
          Array.from({ length: 100 }, () => openWatch(`${NODES}?watch=true&resourceVersion=${since}`)),
        )),
      );
    for (const socket of watches)
      socket.on('data', (chunk: Buffer) => {
        told += chunk.toString().split('"type":"MODIFIED"').length - 1;
        if (told === count * CHANGES) all.resolve(undefined);
      });
    const before = process.memoryUsage().heapUsed;
    let longest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);

    for (let times = 0; times < CHANGES; times += 1) touch();
    await all.promise;

    clearInterval(beat);
    const grown = (process.memoryUsage().heapUsed - before) / 1024 / 1024;
    for (const socket of watches) socket.destroy();
    assert.ok(longest < 500, `the event loop was held up for ${longest} ms`);
    assert.ok(grown < 100, `${grown} MiB more`);
    await goesOn();
  });

  it('by more plans than can be made at a time is told to come again', async () => {
    const made = Promise.withResolvers<readonly []>();
    const app = createApi({ ...api.deps, plan: () => made.promise }, 'read');
    const path = '/apis/k8slab.io/v1alpha1/plan';

    const first = Array.from({ length: 4 }, async () => app.request(path));
    const fifth = await app.request(path);
    made.resolve([]);

    assert.deepEqual([fifth.status, fifth.headers.get('retry-after')], [429, '1']);
    for (const answer of await Promise.all(first)) assert.equal(answer.status, 200);
    assert.equal((await app.request(path)).status, 200);
  });

  it('by a name of another host is told nothing by the port of probes', async () => {
    const { createProbeApp } = await import('../../../src/daemon/http/api.ts');
    const app = createProbeApp(api.deps);

    assert.equal((await app.request('http://evil.example:9811/metrics')).status, 403);
    for (const host of ['127.0.0.1:9811', 'localhost:9811', '[::1]:9811', 'LOCALHOST'])
      assert.equal((await app.request(`http://${host}/healthz`)).status, 200, host);
  });
});

const CHANGES = 20;

/** A watch whose headers were read. */
function openWatch(path: string, server = socketPath): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server, () => socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`));
    socket.once('data', () => resolve(socket));
    socket.on('error', reject);
  });
}

describe('a client that does not go on', () => {
  it('in the middle of what it sends is no fault of the daemon, and nothing is told of it', async () => {
    const told: string[] = [];
    const app = createApi({ ...api.deps, onError: (where) => told.push(where) }, 'admin');
    const body = new ReadableStream({
      pull: (stream) => stream.error(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })),
    });
    const headers = { 'transfer-encoding': 'chunked' };

    await app.request('/apis/k8slab.io/v1alpha1/plan', { method: 'POST', headers, body, duplex: 'half' });

    assert.deepEqual(told, []);
  });

  /** A server whose time is the test's. */
  async function serve(name: string): Promise<{ path: string; clock: ReturnType<typeof createFakeClock> }> {
    const clock = createFakeClock();
    const path = join(dir, name);
    const deps = { onError: api.deps.onError, clock };
    running.push(await serveSocket(createApi({ ...api.deps, clock }, 'read'), path, { mode: 0o600 }, deps));
    return { path, clock };
  }

  function closed(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      socket.on('error', () => undefined);
      socket.once('close', () => resolve());
    });
  }

  it('reading is closed, and one that only has nothing to read is not', async () => {
    const { path, clock } = await serve('slow.sock');
    const idle = await openWatch(`${NODES}?watch=true&labelSelector=none`, path);
    const slow = await openWatch(`${NODES}?watch=true`, path);
    slow.pause();
    const gone = closed(slow);

    for (let times = 0; times < 5000; times += 1) {
      touch();
      if (times % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await clock.advance(60_000);
    await clock.advance(60_000);
    let text = '';
    slow.on('data', (chunk: Buffer) => (text += chunk.toString()));
    slow.resume();
    await gone;

    // It is not told that it is too slow: it is not there for anything.
    assert.doesNotMatch(text, /"ERROR"/);

    assert.equal(idle.destroyed, false);
    idle.destroy();
    await goesOn();
  });

  it('writing its request, letter by letter, is closed', async () => {
    const path = join(dir, 'letters.sock');
    const limits = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
    const deps = { onError: api.deps.onError, clock: systemClock(), limits };
    running.push(await serveSocket(createApi(api.deps, 'read'), path, { mode: 0o600 }, deps));
    const socket = connect(path);
    const gone = closed(socket);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('GET / HTTP/1.1\r\n');
    const drip = setInterval(() => socket.write('x'), 10);

    await gone;
    clearInterval(drip);

    // What it had still to write may take the answer from it.
    assert.match(text, /^(HTTP\/1\.1 408 |$)/);
    await goesOn();
  });
});
