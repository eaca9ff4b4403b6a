import assert from 'node:assert/strict';
import { existsSync, readlinkSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { labDirectories, type Lab, type Vmhost } from '../lab/lab.ts';
import { processIds, readProc } from '../lab/processes.ts';
import type { ControlPlane } from '../lab/control-plane.ts';
import { bootLab, labManifests } from './bed.ts';
import { until } from './node-bed.ts';

const NAME = 'e2e-lab';
const READY = ['curl', '-sk', '--max-time', '5', 'https://10.77.0.10:6443/readyz'];
const CURL_REFUSED = 7;

interface User {
  readonly username: string;
  readonly groups: readonly string[];
}

describe('a lab of several vmhosts with a control plane', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootLab({ name: NAME, vmhosts: 3, controlPlane: true });
  });
  after(() => lab.down());

  async function answers(from: Vmhost, to: string): Promise<boolean> {
    return (await from.exec(['ping', '-c', '1', '-W', '1', '-q', to])).code === 0;
  }

  it('has each with a name, an identity, a libvirt and an address of its own', async () => {
    const asked = async (command: string): Promise<string[]> =>
      Promise.all(lab.vmhosts.map(async (each) => (await each.must(['sh', '-c', command])).trim()));

    assert.deepEqual(await asked('hostname'), ['vmhost1', 'vmhost2', 'vmhost3']);
    assert.equal(new Set(await asked('cat /etc/machine-id')).size, 3);
    assert.equal(new Set(await asked('virsh net-uuid default')).size, 3);
    assert.deepEqual(await asked('getent hosts $(hostname) | cut -d" " -f1'), [
      '10.77.0.11',
      '10.77.0.12',
      '10.77.0.13',
    ]);
  });

  function control(): ControlPlane {
    assert.ok(lab.controlPlane);
    return lab.controlPlane;
  }

  it('lets each reach the others by name, by ssh too, and nobody beyond', async () => {
    for (const from of lab.vmhosts) {
      for (const to of lab.vmhosts) {
        assert.ok(await answers(from, to.hostname), `${from.hostname} reaches ${to.hostname}`);
        const said = await from.must(['ssh', '-o', 'BatchMode=yes', to.hostname, 'hostname']);
        assert.equal(said.trim(), to.hostname);
      }
      assert.match(await from.must(['ip', 'route', 'get', '192.0.2.1']), /via 198\.51\.100\.2/);
    }
  });

  it('cuts one from the others and plugs it in again', async () => {
    await lab.setCable(lab.vmhost(2), 'down');
    const cut = await Promise.all([answers(lab.vmhost(2), 'vmhost1'), answers(lab.vmhost(1), 'vmhost3')]);
    await lab.setCable(lab.vmhost(2), 'up');

    assert.deepEqual(cut, [false, true]);
    await until('vmhost2 reaches vmhost1', () => answers(lab.vmhost(2), 'vmhost1'));
  });

  it('kills one and boots it again as the machine it was, while the others go on', async () => {
    const identity = await lab.vmhost(3).readFile('/etc/machine-id');
    const others = lab.vmhosts.slice(0, 2).map((each) => each.init());

    await lab.vmhost(3).kill();
    const states = lab.vmhosts.map((each) => each.isUp());
    await lab.vmhost(3).boot();

    assert.deepEqual(states, [true, true, false]);
    assert.deepEqual(
      lab.vmhosts.slice(0, 2).map((each) => each.init()),
      others,
    );
    assert.equal(await lab.vmhost(3).readFile('/etc/machine-id'), identity);
    assert.ok(await answers(lab.vmhost(3), 'vmhost1'));
  });

  it('has an API server that knows all kinds, and each vmhost as itself', async () => {
    for (const vmhost of lab.vmhosts) {
      const config = await vmhost.readFile('/etc/k8slab/kubeconfig');
      await control().machine.writeFile('/root/vmhost.kubeconfig', config);
      const asked = ['kubectl', '--kubeconfig', '/root/vmhost.kubeconfig', 'auth', 'whoami', '-o', 'json'];
      const { status } = JSON.parse(await control().machine.must(asked)) as { status: { userInfo: User } };

      assert.equal((await vmhost.must(['stat', '-c', '%a %U', '/etc/k8slab/kubeconfig'])).trim(), '600 root');
      assert.equal(status.userInfo.username, `k8slab:vmhost:${vmhost.hostname}`);
      assert.ok(status.userInfo.groups.includes('k8slab:vmhosts'));
      assert.equal(await vmhost.must(READY), 'ok');
    }
    assert.match(await control().mustKubectl(['explain', 'kn.spec.disk']), /KIND: +Node/);
  });

  it('stops the API server and starts it with what it had', async () => {
    await control().mustKubectl(['apply', '-f', labManifests]);

    await control().stop();
    const stopped = await Promise.all(lab.vmhosts.map(async (each) => (await each.exec(READY)).code));
    await control().start();

    assert.deepEqual(stopped, [CURL_REFUSED, CURL_REFUSED, CURL_REFUSED]);
    const nodes = await control().mustKubectl(['get', 'nodes.k8slab.io', '-o', 'name']);
    assert.equal(nodes.trim().split('\n').length, 5);
  });

  it('leaves no process, namespace, mount or file behind', async () => {
    const { data, run } = labDirectories(NAME);
    const namespaces = [...lab.vmhosts, control().machine].map((each) => namespaceOf(each.init()));
    const link = processIds().find((pid) => readProc(pid, 'environ').includes(data));
    namespaces.push(namespaceOf(link ?? 0));
    assert.equal(new Set(namespaces).size, 5);

    await lab.down();

    const left = processIds().filter(
      (pid) =>
        namespaces.includes(namespaceOf(pid)) ||
        ['cmdline', 'environ', 'mountinfo'].some((file) => readProc(pid, file).includes(data)),
    );
    assert.deepEqual(
      left.map((pid) => readProc(pid, 'cmdline')),
      [],
    );
    assert.deepEqual([existsSync(data), existsSync(run)], [false, false]);
  });
});

/** Empty when the process is gone. */
function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}
