import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DaemonConfig } from '../../src/api/daemon-config.ts';
import { startDaemon, type Daemon } from '../../src/daemon/daemon.ts';
import { createNotifier } from '../../src/drivers/systemd.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { createClient } from '../../src/cli/client.ts';
import { configIn } from './daemon-config.ts';
import { imageText } from '../api/manifest/samples.ts';
import { createRecordingLogger, type RecordingLogger } from '../engine/recording-logger.ts';

/** As an earlier run left it. */
const HOSTS = '127.0.0.1 localhost\n# BEGIN k8slab\n10.0.0.9 a.k8s a\n# END k8slab\n';

let root: string;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-daemon-'));
});
after(() => rm(root, { recursive: true, force: true }));

function start(config: DaemonConfig, log: RecordingLogger): Promise<Daemon> {
  return startDaemon({
    config,
    version: '0',
    log,
    clock: systemClock(),
    notifier: createNotifier({ env: {} }),
  });
}

function readyz(dir: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: join(dir, 'run/k8slab.sock'), path: '/readyz' };
    get(options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}

/** Waits for a change after which nothing but these is not Ready. */
function untilOnly(daemon: Daemon, names: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = daemon.onChange(check);
    check();
    function check(): void {
      if (JSON.stringify(daemon.notReady().map(({ name }) => name)) !== JSON.stringify(names)) return;
      unsubscribe();
      resolve();
    }
  });
}

describe('the daemon', () => {
  it('U1: starts without its manifests, says so, writes nothing, and takes them in when they come', async () => {
    const dir = await mkdtemp(join(root, 'd-'));
    const log = createRecordingLogger();
    const hosts = join(dir, 'hosts');
    await writeFile(hosts, HOSTS);
    const config = configIn(dir);
    const daemon = await start({ ...config, hostFiles: { ...config.hostFiles, hosts } }, log);
    try {
      await untilOnly(daemon, ['the manifests', `Vmhost/${hostname()}`]);
      assert.match(daemon.notReady()[0]?.why ?? '', /no such directory/);
      assert.deepEqual(await readyz(dir), 503);
      assert.equal(await readFile(hosts, 'utf8'), HOSTS);
      assert.match((await daemon.reload()) ?? '', /no such directory/);

      await mkdir(join(dir, 'manifests'));
      await writeFile(
        join(dir, 'manifests/image.yaml'),
        imageText('debian', { source: join(dir, 'none.qcow2') }),
      );
      assert.equal(await daemon.reload(), undefined);
      await untilOnly(daemon, ['Image/debian']);

      assert.equal(await readyz(dir), 200);
      const client = createClient(join(dir, 'run/k8slab.sock'));
      const { items } = (await client.get('images')) as { items: { metadata: { name: string } }[] };
      assert.deepEqual(
        items.map(({ metadata }) => metadata.name),
        ['debian'],
      );
    } finally {
      await daemon.stop();
    }
    await assert.rejects(createClient(join(dir, 'run/k8slab.sock')).get('images'), {
      reason: 'DaemonUnreachable',
    });
    assert.deepEqual(
      log.lines.filter(({ level }) => level === 'error').map(({ message }) => message),
      ['cannot read the manifests; nothing is changed'],
    );
  });

  it('E98: does not start beside another one, which goes on', async () => {
    const dir = await mkdtemp(join(root, 'd-'));
    await mkdir(join(dir, 'manifests'));
    const daemon = await start(configIn(dir), createRecordingLogger());
    const beingWritten = await leftIn(dir, '.objects.json.k8slab-tmp-0');
    try {
      await assert.rejects(start(configIn(dir), createRecordingLogger()), {
        reason: 'AlreadyRunning',
      });

      assert.ok(await createClient(join(dir, 'run/k8slab.sock')).get('nodes'));
      assert.ok(existsSync(beingWritten));
    } finally {
      await daemon.stop();
    }
  });

  it('takes away what a run left of its own files that was killed while it wrote them', async () => {
    const dir = await mkdtemp(join(root, 'd-'));
    await mkdir(join(dir, 'manifests'));
    const names = ['.objects.json.k8slab-tmp-0', '.api-server.json.k8slab-tmp-1', 'mine'];
    const left = await Promise.all(names.map((name) => leftIn(dir, name)));
    const daemon = await start(configIn(dir), createRecordingLogger());
    await daemon.stop();

    assert.deepEqual(
      left.map((path) => existsSync(path)),
      [false, false, true],
    );
  });

  async function leftIn(dir: string, name: string): Promise<string> {
    const path = join(configIn(dir).state, name);
    await mkdir(configIn(dir).state, { recursive: true });
    await writeFile(path, '');
    return path;
  }
});
