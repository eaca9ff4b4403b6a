import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { get as getTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { daemonConfig } from '../../../src/api/daemon-config.ts';
import { createClient } from '../../../src/cli/client.ts';
import type { Kubeconfig } from '../../../src/daemon/http/api.ts';
import { startServers } from '../../../src/daemon/http/start.ts';
import { createReleasers, type Releasers } from '../../../src/engine/releasers.ts';
import { createFakeClock, type FakeClock } from '../../engine/fake-clock.ts';
import { createRecordingLogger, type RecordingLogger } from '../../engine/recording-logger.ts';
import { freePort } from '../../free-port.ts';
import { configIn } from '../daemon-config.ts';
import { createApiBed } from './api-bed.ts';

const DAY = 24 * 3600 * 1000;

let dir: string;
let clock: FakeClock;
let log: RecordingLogger;
let releasers: Releasers;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-start-'));
  await mkdir(join(dir, 'run'));
  clock = createFakeClock(Date.now());
  log = createRecordingLogger();
  releasers = createReleasers();
});
afterEach(async () => {
  await releasers.releaseAll();
  await rm(dir, { recursive: true, force: true });
});

async function start(listen: string): Promise<void> {
  const config = daemonConfig.parse({ ...configIn(dir), api: { listen } });
  await startServers(createApiBed('a').deps, { config, clock, log }, releasers);
}

function socket(name: string): string {
  return join(dir, 'run', name);
}

/** Of what the server shows. */
function fingerprint({ server, ca, token }: Kubeconfig): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { ca, agent: false, headers: { authorization: `Bearer ${token}` } } as const;
    getTls(`${server}/version`, options, (response) => {
      assert.ok(response.socket instanceof TLSSocket);
      const shown = response.socket.getPeerCertificate().fingerprint256;
      assert.equal(response.statusCode, 200);
      response.resume().on('end', () => resolve(shown));
    }).on('error', reject);
  });
}

describe('what the daemon serves', () => {
  it('is a socket for who looks, and one for root alone, by which changes are asked for', async () => {
    await start('');

    assert.equal((await stat(socket('k8slab.sock'))).mode & 0o777, 0o660);
    assert.equal((await stat(socket('admin.sock'))).mode & 0o777, 0o600);
    const client = createClient(socket('k8slab.sock'));
    assert.deepEqual(await client.post('removals', { items: [] }), { items: [] });
    assert.deepEqual(await client.post('plan', { files: [] }), { items: [] });
    await assert.rejects(client.post('kubeconfig', {}), { reason: 'NotFound' });
  });

  it('is the API on HTTPS, whose certificate is renewed while it runs', async () => {
    await start(`127.0.0.1:${await freePort()}`);
    const client = createClient(socket('k8slab.sock'));
    const before = (await client.post('kubeconfig', {})) as Kubeconfig;
    const shown = await fingerprint(before);

    clock.step(300 * DAY);
    await clock.advance(DAY / 2);
    while (!JSON.stringify(log.lines).includes('renewed'))
      await new Promise((resolve) => setImmediate(resolve));

    assert.notEqual(await fingerprint(before), shown);
    assert.deepEqual(await client.post('kubeconfig', {}), before);
  });

  it('is all but HTTPS where its port is taken: the lab does not need it', async () => {
    const port = await freePort();
    await start(`127.0.0.1:${port}`);
    const others = createReleasers();
    const second = await mkdtemp(join(dir, 'second-'));
    await mkdir(join(second, 'run'));
    const config = daemonConfig.parse({ ...configIn(second), api: { listen: `127.0.0.1:${port}` } });

    await startServers(createApiBed('a').deps, { config, clock, log }, others);

    assert.match(JSON.stringify(log.lines), /the API is not served on HTTPS/);
    assert.ok(await createClient(join(second, 'run/k8slab.sock')).get('nodes'));
    await others.releaseAll();
  });
});
