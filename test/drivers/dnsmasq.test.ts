import assert from 'node:assert/strict';
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createDnsmasq } from '../../src/drivers/dnsmasq.ts';
import type { Dnsmasq, HostFiles, LabChange } from '../../src/drivers/dnsmasq.ts';
import { changedMacs, createLeaseTable } from '../../src/drivers/dnsmasq/leases.ts';
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
  let now = 0;
  let onWait: () => Promise<void>;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'dnsmasq-test-'));
    waits = 0;
    onWait = () => Promise.resolve();
    dnsmasq = createDnsmasq({
      stateDir: join(dir, 'state'),
      pidDir: dir,
      hostsFile: join(dir, 'hosts'),
      now: () => now,
      debounceMs: 1,
      recheckMs: 20,
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
    const told: LabChange[] = [];
    let watcher: { dispose(): Promise<void> };
    beforeEach(() => {
      told.length = 0;
    });
    afterEach(() => watcher.dispose());

    /** Watches, acts until what is to be told is told, and returns what was. */
    async function toldOf(act: () => Promise<unknown>, count = 1): Promise<LabChange[]> {
      watcher = dnsmasq.watch((change) => told.push(change));
      await actUntil(() => told.length >= count, act);
      return told;
    }
    const leases = (...entries: readonly (readonly [mac: string, ip: string, expiry: number])[]): string =>
      JSON.stringify(
        entries.map(([mac, ip, expiry]) => ({ 'mac-address': mac, 'ip-address': ip, 'expiry-time': expiry })),
      );
    /** As libvirt's lease helper does: whole, or not at all. */
    async function status(text: string): Promise<void> {
      await writeFile(join(dir, 'virbr1.new'), text);
      await rename(join(dir, 'virbr1.new'), join(dir, 'state/virbr1.status'));
    }

    it('tells whose leases changed, and not of those that were renewed in time', async () => {
      now = 1_000_000;
      const round = (n: number): Promise<void> =>
        status(
          leases(
            ['52:54:00:00:00:01', '10.0.0.1', 2000 + n],
            ['52:54:00:00:00:02', `10.0.0.${2 + (n % 2)}`, 2000],
          ),
        );
      let n = 0;
      await round(n);
      watcher = dnsmasq.watch((change) => told.push(change));

      await actUntil(
        () => told.length > 0,
        () => round((n += 1)),
      );

      const change = told.find(({ kind }) => kind === 'leases');
      assert.ok(change?.kind === 'leases');
      assert.deepEqual([...change.macs], ['52:54:00:00:00:02']);
      assert.deepEqual([...change.ips].sort(), ['10.0.0.2', '10.0.0.3']);
    });

    it('C3: notices that a dnsmasq ended, which changes no file', async () => {
      await copyFile('/bin/sh', join(dir, 'dnsmasq'));
      // Again and again: nobody tells when it was seen running.
      const found = await toldOf(async () => {
        const child = spawnProcess([join(dir, 'dnsmasq'), '-c', 'echo; read x']);
        await new Promise((resolve) => {
          child.onStdout(resolve);
        });
        await writeFile(join(dir, 'k8s-net.pid'), `${child.pid}\n`);
        for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
        child.kill();
        await child.ended;
      });
      assert.deepEqual(found[0], { kind: 'ended', network: 'k8s-net' });
    });

    it('tells which network libvirt wrote for', async () => {
      const found = await toldOf(() => writeFile(join(dir, 'state/k8s-net.hostsfile'), ''));

      assert.deepEqual(found[0], { kind: 'definition', network: 'k8s-net' });
    });

    it('tells of a host file that somebody else wrote, and not of its own', async () => {
      watcher = dnsmasq.watch((change) => told.push(change));
      await dnsmasq.writeHostFiles('own-net', FILES);
      await dnsmasq.writeHostFiles('k8s-net', FILES);
      await actUntil(
        () => told.some((change) => change.kind === 'hostFiles'),
        () => writeFile(join(dnsmasq.hostDirs('k8s-net').dhcp, 'hosts'), '# theirs'),
      );

      const networks = told.flatMap((change) => (change.kind === 'hostFiles' ? [change.network] : []));
      assert.deepEqual(new Set(networks), new Set(['k8s-net']));
    });

    it('tells that anything may have changed when its directory was missing, or was replaced', async () => {
      await rm(join(dir, 'state'), { recursive: true });
      watcher = dnsmasq.watch((change) => told.push(change));
      for (const round of [1, 2]) {
        await mkdir(join(dir, 'state'));
        const before = told.length;
        await actUntil(
          () => told.slice(before).some(({ kind }) => kind === 'all'),
          () => Promise.resolve(),
        );
        await actUntil(
          () => told.slice(before).some(({ kind }) => kind === 'definition'),
          () => writeFile(join(dir, 'state', `net${round}.conf`), ''),
        );
        await rm(join(dir, 'state'), { recursive: true });
      }
    });
  });

  it('parses leases once for each change of their file', async () => {
    const path = join(dir, 'state/virbr1.status');
    await writeFile(path, STATUS);
    await utimes(path, 1, 1);

    const [first, second] = [await dnsmasq.leaseTable('virbr1'), await dnsmasq.leaseTable('virbr1')];
    assert.equal(first, second);
    assert.deepEqual(
      [first.ofMac('52:54:00:5e:53:fb')[0]?.ip, first.ofMac('52:54:00:ff:ff:ff')],
      ['192.168.111.150', []],
    );
    await writeFile(path, '[]');
    assert.deepEqual((await dnsmasq.leaseTable('virbr1')).all, []);
  });

  it('sees a lease that ran out as changed once it is renewed', () => {
    const at = (expiry: number): ReturnType<typeof createLeaseTable> =>
      createLeaseTable([{ mac: 'a', ip: '10.0.0.1', expiry }]);

    assert.deepEqual(changedMacs(at(50), at(200), 100), ['a']);
    assert.deepEqual(changedMacs(at(150), at(200), 100), []);
    assert.deepEqual(changedMacs(at(150), createLeaseTable([]), 100), ['a']);
  });
});
