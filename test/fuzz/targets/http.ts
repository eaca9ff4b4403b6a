import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi, createProbeApp } from '../../../src/daemon/http/api.ts';
import { serveSocket } from '../../../src/daemon/http/servers.ts';
import { systemClock } from '../../../src/engine/clock.ts';
import { createApiBed } from '../../daemon/http/api-bed.ts';
import type { Subject, Target } from '../target.ts';

/** Who sent half a request, or watches, is silent from here on. */
const QUIET_MS = 4;
const PATIENT_MS = 2000;
const GOOD = Buffer.from('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
/** Inputs between two requests that are good. */
const EVERY = 100;

/** The daemon's three kinds of servers, in turn. */
async function servers(): Promise<Subject> {
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-fuzz-'));
  const { deps } = createApiBed('a', 'b');
  const faults: Error[] = [];
  const onError = (_where: string, error: Error): void => void faults.push(error);
  const http = { ...deps, onError };
  const apps = [createApi(http, 'read'), createApi(http, 'admin'), createProbeApp(http)];
  const serving = { onError, clock: systemClock() };
  const running = await Promise.all(
    apps.map((app, index) => serveSocket(app, join(dir, String(index)), { mode: 0o600 }, serving)),
  );
  let turn = 0;
  return {
    async feed(input) {
      turn += 1;
      const path = join(dir, String(turn % apps.length));
      const answer = await exchange(path, input);
      for (const fault of faults.splice(0)) throw fault;
      assert.doesNotMatch(answer, /HTTP\/1\.1 500 /);
      if (answer !== '') assert.match(answer, /^HTTP\/1\.1 [1-5]\d\d /);
      if (turn % EVERY === 0)
        assert.match(await exchange(path, GOOD, PATIENT_MS), /^HTTP\/1\.1 200 /, 'it goes on');
    },
    async close() {
      for (const server of running) await server.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** What is answered until the server closes the connection, or says nothing for a moment. */
function exchange(path: string, input: Buffer, quietMs = QUIET_MS): Promise<string> {
  return new Promise((resolve) => {
    const answer: Buffer[] = [];
    const socket = connect(path, () => socket.write(input));
    const quiet = setTimeout(() => socket.destroy(), quietMs);
    socket.on('data', (chunk) => {
      answer.push(chunk);
      quiet.refresh();
    });
    // A server that refuses the rest of a request resets the connection.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(quiet);
      resolve(Buffer.concat(answer).toString('latin1'));
    });
  });
}

export const http: Target = {
  name: 'http',
  words: [
    ...[
      '\r\n',
      '\r\n\r\n',
      'GET ',
      'POST ',
      'HEAD ',
      'OPTIONS ',
      ' HTTP/1.1\r\n',
      'Content-Length: ',
      'Transfer-Encoding: chunked\r\n',
      'Expect: 100-continue\r\n',
    ],
    ...[
      'Upgrade: websocket\r\nConnection: Upgrade\r\n',
      'Host: a\r\n',
      'Host: [\r\n',
      '%00',
      '%2e%2e%2f',
      '%ff',
      '//',
      '?',
      '&',
      '#',
      '=',
      'watch=true&',
      'limit=',
      'continue=',
    ],
    ...[
      'labelSelector=',
      'fieldSelector=',
      'resourceVersion=',
      'Accept: application/json;as=Table;g=meta.k8s.io;v=v1\r\n',
      'k8s\0',
      'in (',
      '!a',
      'constructor',
      '/apis/k8slab.io/v1alpha1/nodes',
    ],
  ],
  maxBytes: 128 * 1024,
  share: 10,
  open: servers,
};
