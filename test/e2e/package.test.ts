import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { labDirectories, type Lab } from '../lab/lab.ts';
import { installPackage, labPackage } from '../lab/package.ts';
import { allReady, applyManifests, bootLab, startDaemon, tutorialManifests } from './bed.ts';
import { startPing } from './gaps.ts';
import { until } from './node-bed.ts';

const NAME = 'e2e-package';
const GUESTS = ['loadbalancer', 'master00', 'master01', 'master02', 'worker00'];
const WORKER00 = '192.168.111.98';
/** Of `systemd-analyze security`: less is better; see docs/security.md. */
const MOST_EXPOSURE = 3;

/** The package as a user has it: installed, upgraded, restarted, rebooted, removed and purged around five guests. */
describe('the Debian package', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootLab({ name: NAME });
  });
  after(() => lab.down());

  const store = { directory: labDirectories(NAME).cache, report: (line: string) => console.log(`# ${line}`) };

  /** What no upgrade may change: when each guest's QEMU began, and libvirt's running domains and networks. */
  async function running(): Promise<string> {
    const processes = await lab.must(['ps', '-C', 'qemu-system-x86_64', '-o', 'pid=,lstart=']);
    const networks = await lab.must(['virsh', 'net-list', '--all', '--name']);
    const domains = await lab.must(['virsh', 'list', '--uuid']);
    return [processes, networks, domains].join('\n');
  }

  async function mainPid(): Promise<string> {
    return (await lab.must(['systemctl', 'show', '-p', 'MainPID', '--value', 'k8slabd'])).trim();
  }

  it('starts and enables the daemon when it is installed, as Debian does', async () => {
    await lab.must(['apt-get', 'purge', '-y', '-q', 'k8slab']);
    await installPackage(lab, await labPackage(store, '0.0.1-1'), { start: true });

    assert.equal((await lab.must(['systemctl', 'is-enabled', 'k8slabd'])).trim(), 'enabled');
    assert.equal((await lab.must(['systemctl', 'is-active', 'k8slabd'])).trim(), 'active');
    assert.match(await lab.must(['getent', 'group', 'k8slab']), /^k8slab:/);
    await applyManifests(lab, tutorialManifests());
    await allReady(lab, 400);
  });

  it('does not expose more than it has to', async () => {
    const { stdout } = await lab.exec(['systemd-analyze', 'security', '--no-pager', 'k8slabd.service']);

    const exposure = Number(/exposure level for k8slabd\.service: ([\d.]+)/.exec(stdout)?.[1]);
    console.log(`# exposure ${exposure}`);
    assert.ok(exposure <= MOST_EXPOSURE, stdout);
  });

  it('finds both commands compiled, with the flags of each', async () => {
    for (const argv of [
      ['k8slab', 'explain', 'node'],
      ['k8slabd', '--config', '/nonexistent'],
    ]) {
      const { stdout, stderr } = await lab.exec(['env', 'NODE_DEBUG_NATIVE=COMPILE_CACHE', ...argv]);
      assert.match(`${stdout}${stderr}`, /V8 code cache for .* was accepted/, argv.join(' '));
    }
  });

  it('is upgraded without a guest or a packet lost', async () => {
    const before = await running();
    const pid = await mainPid();
    const stop = await startPing(lab, 'loadbalancer', WORKER00);

    await installPackage(lab, await labPackage(store), { start: true });

    await allReady(lab, 120);
    const { lost, sent } = await stop();
    console.log(`# upgrade: ${lost} of ${sent} packets lost`);
    assert.equal(lost, 0);
    assert.equal(await running(), before);
    assert.notEqual(await mainPid(), pid);
  });

  it('leaves a daemon that was stopped by hand stopped when it is upgraded', async () => {
    await lab.must(['systemctl', 'stop', 'k8slabd']);
    await lab.install();

    assert.equal((await lab.exec(['systemctl', 'is-active', 'k8slabd'])).stdout.trim(), 'inactive');
    await startDaemon(lab);
    await allReady(lab, 120);
  });

  it('is brought back by systemd when it is killed, with nothing changed in libvirt', async () => {
    const before = await running();
    const pid = await mainPid();

    await lab.must(['kill', '-9', pid]);

    await until('another process runs', async () => !['0', pid].includes(await mainPid()), 30);
    await allReady(lab, 120);
    assert.equal(await running(), before);
  });

  it('comes up with the vmhost: network, guests and itself', async () => {
    await lab.reboot();
    await allReady(lab, 300);
  });

  it('leaves guests that come up with the vmhost when it is disabled', async () => {
    await lab.must(['systemctl', 'disable', '--now', 'k8slabd']);
    await lab.reboot();

    const names = async (): Promise<string[]> =>
      (await lab.must(['virsh', 'list', '--name'])).trim().split('\n').sort();
    await until('all run', async () => (await names()).join() === GUESTS.join(), 120);
    assert.equal((await lab.exec(['systemctl', 'is-active', 'k8slabd'])).stdout.trim(), 'inactive');
    await lab.must(['systemctl', 'enable', '--now', 'k8slabd']);
    await allReady(lab, 300);
  });

  it('leaves guests, networks and disks when it is removed, and takes state and configuration when it is purged', async () => {
    const before = await running();
    const hosts = await lab.readFile('/etc/hosts');
    assert.match(hosts, /BEGIN k8slab/);

    await lab.must(['apt-get', 'remove', '-y', '-q', 'k8slab']);
    assert.equal(await running(), before);
    assert.equal(await lab.readFile('/etc/hosts'), hosts);
    assert.equal((await lab.exec(['test', '-e', '/usr/lib/k8slab'])).code, 1);

    await lab.must(['apt-get', 'purge', '-y', '-q', 'k8slab']);
    assert.equal(await running(), before);
    assert.doesNotMatch(await lab.readFile('/etc/hosts'), /k8slab/);
    const gone = [
      '/etc/k8slab',
      '/var/lib/k8slab',
      '/etc/ansible/hosts',
      '/etc/ssh/ssh_config.d/k8slab.conf',
    ];
    for (const path of gone) assert.equal((await lab.exec(['test', '-e', path])).code, 1, path);
    for (const guest of GUESTS)
      await lab.must(['test', '-s', `/var/lib/libvirt/images/k8slab/disks/${guest}.qcow2`]);
    await lab.must(['test', '-e', '/etc/k8slab.d/master00.yaml']);
  });
});
