import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createDnsmasq } from '../../src/drivers/dnsmasq.ts';
import type { Dnsmasq, HostFiles } from '../../src/drivers/dnsmasq.ts';
import { exec, spawnProcess } from '../../src/drivers/exec.ts';

const STATUS = `[
  {"ip-address": "192.168.111.150", "mac-address": "52:54:00:5E:53:FB", "hostname": "master00",
   "client-id": "01:52:54:00:5e:53:fb", "expiry-time": 1795414794},
  {"ip-address": "192.168.111.135", "mac-address": "52:54:00:00:00:01", "expiry-time": 5},
  {"ip-address": "fd00::5", "iaid": "1", "expiry-time": 5}
]`;

const FILES: HostFiles = {
  reservations: [
    { mac: '52:54:00:5e:53:fb', ip: '192.168.111.150', name: 'master00' },
    { mac: '52:54:00:5e:53:fc', ip: 'fd00::5', name: 'master01' },
  ],
  names: [{ ip: '192.168.111.150', hostnames: ['master00.k8s-thw.local', 'master00'] }],
};

/** The lines of a file that say something. */
async function lines(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n').filter((line) => !line.startsWith('#') && line !== '');
}

/** Acts again and again until the condition holds: nobody tells when a watcher has begun to watch. */
async function actUntil(condition: () => boolean, act: () => Promise<unknown>): Promise<void> {
  while (!condition()) {
    await act();
    await new Promise(setImmediate);
  }
}

describe('dnsmasq', () => {
  let dir = '';
  let dnsmasq: Dnsmasq;
  let waits = 0;
  let onWait: () => Promise<void>;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dnsmasq-test-'));
    waits = 0;
    onWait = () => Promise.resolve();
    dnsmasq = createDnsmasq({
      stateDir: join(dir, 'state'),
      pidDir: dir,
      networkDir: join(dir, 'networks'),
      hostsFile: join(dir, 'hosts'),
      debounceMs: 1,
      recheckMs: 20,
      processMs: 1,
      delay: () => {
        waits += 1;
        return onWait();
      },
    });
    await mkdir(join(dir, 'state'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  describe('leases', () => {
    it('reads what the lease helper wrote, leaving out what has no MAC', async () => {
      await writeFile(join(dir, 'state/virbr1.status'), STATUS);

      assert.deepEqual(await dnsmasq.leases('virbr1'), [
        {
          mac: '52:54:00:5e:53:fb',
          ip: '192.168.111.150',
          hostname: 'master00',
          clientId: '01:52:54:00:5e:53:fb',
          expiry: 1795414794,
        },
        { mac: '52:54:00:00:00:01', ip: '192.168.111.135', expiry: 5 },
      ]);
    });

    it('finds none in a missing or an empty file, at once', async () => {
      await writeFile(join(dir, 'state/virbr2.status'), '');

      assert.deepEqual(await dnsmasq.leases('virbr1'), []);
      assert.deepEqual(await dnsmasq.leases('virbr2'), []);
      assert.equal(waits, 0);
    });

    it('reads a half-written file again, and gives up after a few times', async () => {
      const path = join(dir, 'state/virbr1.status');
      await writeFile(path, STATUS.slice(0, 100));

      assert.deepEqual(await dnsmasq.leases('virbr1'), []);
      assert.ok(waits > 0 && waits < 10);
      onWait = () => writeFile(path, STATUS);
      assert.equal((await dnsmasq.leases('virbr1')).length, 2);
    });
  });

  describe('host files', () => {
    it('are written as dnsmasq reads them and read back the same', async () => {
      const written = await dnsmasq.writeHostFiles('k8s-net', FILES);

      const { dhcp, dns } = dnsmasq.hostDirs('k8s-net');
      assert.equal(written, true);
      assert.deepEqual(await lines(join(dhcp, 'hosts')), [
        '52:54:00:5e:53:fb,192.168.111.150,master00',
        '52:54:00:5e:53:fc,[fd00::5],master01',
      ]);
      assert.deepEqual(await lines(join(dns, 'hosts')), ['192.168.111.150 master00.k8s-thw.local master00']);
      assert.deepEqual(await dnsmasq.readHostFiles('k8s-net'), FILES);
    });

    it('are readable by the user that dnsmasq drops to, and nothing else lies beside them', async () => {
      await dnsmasq.writeHostFiles('k8s-net', FILES);

      for (const path of Object.values(dnsmasq.hostDirs('k8s-net')) as string[]) {
        assert.equal((await stat(path)).mode & 0o777, 0o755);
        assert.equal((await stat(join(path, 'hosts'))).mode & 0o777, 0o644);
        assert.deepEqual(await readdir(path), ['hosts']);
      }
    });

    it('are not touched when their content is the same', async () => {
      await dnsmasq.writeHostFiles('k8s-net', FILES);
      const path = join(dnsmasq.hostDirs('k8s-net').dns, 'hosts');
      const { ino } = await stat(path);

      assert.equal(await dnsmasq.writeHostFiles('k8s-net', FILES), false);
      assert.equal((await stat(path)).ino, ino);
      assert.equal(await dnsmasq.writeHostFiles('k8s-net', { ...FILES, names: [] }), true);
    });

    it('are empty when missing, and removing what is missing is no failure', async () => {
      await dnsmasq.writeHostFiles('k8s-net', FILES);
      assert.equal(await dnsmasq.hasHostFiles('k8s-net'), true);

      await dnsmasq.removeHostFiles('k8s-net');
      assert.equal(await dnsmasq.hasHostFiles('k8s-net'), false);
      await dnsmasq.removeHostFiles('k8s-net');

      assert.deepEqual(await dnsmasq.readHostFiles('k8s-net'), { reservations: [], names: [] });
      assert.deepEqual(await readdir(join(dir, 'state')), []);
    });

    it('never carry a value that would make another line or field of it', async () => {
      for (const name of ['a\nb', 'a,b', 'a b', 'a#b', '']) {
        const files = { ...FILES, reservations: [{ mac: '52:54:00:5e:53:fb', ip: '192.168.111.150', name }] };
        await assert.rejects(dnsmasq.writeHostFiles('k8s-net', files), { reason: 'InvalidValue' });
      }
      assert.deepEqual(await readdir(join(dir, 'state')), []);
    });

    it('stay inside the state directory whatever the name of the network', () => {
      for (const name of ['../x', 'a/b', '.hidden', '']) {
        assert.throws(() => dnsmasq.hostDirs(name), { reason: 'InvalidValue' });
      }
    });
  });

  describe('observe', () => {
    it('tells whether it runs, and whether it was told of every change of what it reads', async () => {
      await copyFile('/bin/sh', join(dir, 'dnsmasq'));
      await exec(['chmod', '755', join(dir, 'dnsmasq')], { deadlineMs: 5000 });
      const child = spawnProcess([join(dir, 'dnsmasq'), '-c', 'trap "" HUP; echo; read x']);
      await new Promise((resolve) => {
        child.onStdout(resolve);
      });
      const [pidFile, hosts] = [join(dir, 'k8s-net.pid'), join(dir, 'hosts')];
      const at = (path: string, seconds: number): Promise<void> => utimes(path, seconds, seconds);
      const unread = { running: true, unread: true };
      const whole = { running: true, unread: false };

      assert.deepEqual(await dnsmasq.observe('k8s-net'), { running: false, unread: false });
      await writeFile(hosts, '');
      await at(hosts, 1000);
      await writeFile(pidFile, `${child.pid}\n`);
      assert.deepEqual(await dnsmasq.observe('k8s-net'), whole, 'all of it is older than its start');
      await at(pidFile, 2000);
      await dnsmasq.writeHostFiles('k8s-net', FILES);
      assert.deepEqual(await dnsmasq.observe('k8s-net'), unread);
      await dnsmasq.reload('k8s-net');
      assert.deepEqual(await dnsmasq.observe('k8s-net'), whole);
      await at(hosts, Date.now() / 1000 + 60);
      assert.deepEqual(await dnsmasq.observe('k8s-net'), unread, '/etc/hosts is one of them');
      child.kill();
      await child.ended;
      assert.deepEqual(await dnsmasq.observe('k8s-net'), { running: false, unread: false });
    });
  });

  describe('reload', () => {
    it('sends SIGHUP to the dnsmasq of the network', async () => {
      await copyFile('/bin/sleep', join(dir, 'dnsmasq'));
      await exec(['chmod', '755', join(dir, 'dnsmasq')], { deadlineMs: 5000 });
      const child = spawnProcess([join(dir, 'dnsmasq'), '600']);
      const pid = String(child.pid);
      while ((await readFile(`/proc/${pid}/comm`, 'utf8')) !== 'dnsmasq\n') await new Promise(setImmediate);
      await writeFile(join(dir, 'k8s-net.pid'), `${pid}\n`);

      assert.equal(await dnsmasq.reload('k8s-net'), true);
      assert.equal((await child.ended).signal, 'SIGHUP');
      assert.equal(await dnsmasq.reload('k8s-net'), false, 'that dnsmasq is gone');
    });

    it('leaves alone a process that merely has the pid now', async () => {
      await writeFile(join(dir, 'k8s-net.pid'), String(process.pid)); // SIGHUP would end this test

      assert.equal(await dnsmasq.reload('k8s-net'), false);
      assert.equal(await dnsmasq.reload('other'), false);
    });
  });

  describe('watch', () => {
    async function told(act: () => Promise<unknown>): Promise<void> {
      let noticed = false;
      const watcher = dnsmasq.watch(() => {
        noticed = true;
      });
      await actUntil(() => noticed, act);
      await watcher.dispose();
    }

    it('notices a lease, a definition, and a host file', async () => {
      let n = 0;
      await mkdir(join(dir, 'networks'));
      await dnsmasq.writeHostFiles('k8s-net', FILES);

      await told(() => writeFile(join(dir, 'state/virbr1.status'), String((n += 1))));
      await told(() => writeFile(join(dir, 'networks/k8s-net.xml'), String((n += 1))));
      await told(() => writeFile(join(dnsmasq.hostDirs('k8s-net').dhcp, 'hosts'), String((n += 1))));
    });

    it('C3: notices that a dnsmasq ended, which changes no file', async () => {
      await copyFile('/bin/sh', join(dir, 'dnsmasq'));
      const child = spawnProcess([join(dir, 'dnsmasq'), '-c', 'echo; read x']);
      await new Promise((resolve) => {
        child.onStdout(resolve);
      });
      await writeFile(join(dir, 'k8s-net.pid'), `${child.pid}\n`);

      await told(async () => {
        child.kill();
        await child.ended;
        await writeFile(join(dir, 'other.pid'), 'nonsense');
      });
    });

    it('notices changes in a directory that was missing, or was replaced', async () => {
      let n = 0;
      await rm(join(dir, 'state'), { recursive: true });
      let calls = 0;
      const watcher = dnsmasq.watch(() => {
        calls += 1;
      });
      for (const round of [1, 2]) {
        await mkdir(join(dir, 'state'));
        const before = calls;
        // One call for the directory itself, more for what happens in it.
        await actUntil(
          () => calls > before + 2,
          () => writeFile(join(dir, 'state', `virbr${round}.status`), String((n += 1))),
        );
        await rm(join(dir, 'state'), { recursive: true });
      }
      await watcher.dispose();
    });
  });
});
