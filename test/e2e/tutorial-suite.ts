import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Suite } from '../lab/recipes.ts';
import type { Lab } from '../lab/lab.ts';
import { kubectlSuite } from './kubectl-suite.ts';
import { firstHourSuite } from './first-hour-suite.ts';
import { guestsSuite } from './guests-suite.ts';
import { prometheusSuite } from './prometheus-suite.ts';
import {
  allReady,
  applyManifests,
  bootTutorialLab,
  getObject,
  mutatingCalls,
  mutations,
  OUTSIDE,
  ping,
  tutorialManifests,
  untilCondition,
} from './bed.ts';
import { documentsSuite } from './documents-suite.ts';

const ADDRESSES: Readonly<Record<string, string>> = {
  loadbalancer: '192.168.111.248',
  master00: '192.168.111.150',
  master01: '192.168.111.135',
  master02: '192.168.111.147',
  worker00: '192.168.111.98',
};
const NODES = Object.keys(ADDRESSES);

const WORKER01 = (tutorialManifests().get('worker00.yaml') ?? '')
  .replace('name: worker00', 'name: worker01')
  .replace('192.168.111.98', '192.168.111.99')
  .replace('bf:ca:b4', 'bf:ca:b5')
  .replace(/ {2}podCIDR:.*\n/, '');

/** The whole tutorial on real libvirt: manifests in, five guests up, and what a user would look at. */
export function tutorialSuite(suite: Suite): void {
  describe(`the tutorial's lab on ${suite}`, () => {
    let lab: Lab;
    before(async () => {
      lab = await bootTutorialLab({ name: `e2e-${suite}`, suite });
    });
    after(() => lab.down());

    it('runs on a host whose virsh speaks Japanese', async () => {
      assert.match(await lab.must(['virsh', 'list']), /実行中/);
    });

    it('shows every object as Ready in the table of objects', async () => {
      const table = await lab.must(['k8slab', 'get', 'nodes', '--no-headers']);

      const rows = table
        .trimEnd()
        .split('\n')
        .map((row) => row.split(/\s+/));
      assert.deepEqual(
        rows.map(([name, , address, ready]) => [name, address, ready]),
        NODES.map((name) => [name, ADDRESSES[name], 'True']),
      );
    });

    it('carries all reservations and names in the live and in the persistent XML', async () => {
      for (const flags of [[], ['--inactive']]) {
        const xml = await lab.must(['env', 'LC_ALL=C', 'virsh', 'net-dumpxml', 'k8s-net', ...flags]);
        for (const name of NODES) {
          const fqdn = `${name}.k8s-thw.local`;
          assert.match(
            xml,
            new RegExp(`<host mac='52:54:00:[0-9a-f:]{8}' name='${fqdn}' ip='${ADDRESSES[name] ?? ''}'/>`),
          );
          assert.match(xml, new RegExp(`<hostname>${fqdn}</hostname>`));
        }
      }
    });

    it('resolves every guest in every guest, both ways', async () => {
      const lookups = NODES.map((name) => `nslookup ${name}; nslookup ${ADDRESSES[name] ?? ''}`).join('; ');
      for (const guest of NODES) {
        const { stdout } = await lab.exec(['ssh', guest, lookups]);
        for (const name of NODES) {
          assert.match(
            stdout,
            new RegExp(`Name:\\s+${name}\\.k8s-thw\\.local\\s+Address:\\s+${ADDRESSES[name] ?? ''}\\s`),
          );
          assert.match(stdout, new RegExp(`in-addr\\.arpa\\s+name = ${name}\\.k8s-thw\\.local`));
        }
      }
    });

    it('is reached by ssh with its key verified, by getent both ways and by Ansible', async () => {
      for (const name of NODES) {
        assert.equal((await lab.must(['ssh', '-o', 'BatchMode=yes', name, 'hostname'])).trim(), name);
        const fqdn = `${name}.k8s-thw.local`;
        assert.match(
          await lab.must(['getent', 'hosts', ADDRESSES[name] ?? '']),
          new RegExp(`${fqdn} ${name}`),
        );
        assert.match(await lab.must(['getent', 'ahostsv4', name]), new RegExp(ADDRESSES[name] ?? ''));
      }
      const inventory = JSON.parse(await lab.must(['ansible-inventory', '--list'])) as Record<
        string,
        { hosts?: string[] }
      >;
      assert.deepEqual(
        inventory['master']?.hosts,
        ['master00', 'master01', 'master02'].map((name) => `${name}.k8s-thw.local`),
      );
      assert.deepEqual([inventory['lb']?.hosts?.length, inventory['worker']?.hosts?.length], [1, 1]);
      // The tiny guest has no Python: a raw command shows that Ansible logs in; test/e2e/debian.test.ts pings.
      const answers = await lab.must(['ansible', 'all', '-m', 'raw', '-a', 'hostname']);
      assert.equal([...answers.matchAll(/\| CHANGED \| rc=0/g)].length, NODES.length);
    });

    it("ran the Node's commands and wrote its pod network", async () => {
      assert.equal(
        (await lab.must(['ssh', 'worker00', 'cat /home/centos/pod_cidr.txt /run/updated'])).trim(),
        '10.200.0.0/24\nupdated',
      );
    });

    kubectlSuite(() => lab, NODES);

    guestsSuite(() => lab, NODES);

    it('E03, E87: makes no mutating call when the same manifests are applied again, nor when the daemon starts again', async () => {
      const [calls, journal] = [await mutations(lab), (await mutatingCalls(lab)).length];
      assert.ok(calls > 0, 'the first pass was counted');
      assert.equal(calls, journal, 'journal and metrics agree');

      await applyManifests(
        lab,
        [...tutorialManifests()].map(([name, text]) => [name, `# again\n${text}`]),
      );
      await lab.must(['systemctl', 'reload', 'k8slabd']);
      await allReady(lab, 60);
      assert.equal(await mutations(lab), calls);
      await lab.must(['systemctl', 'restart', 'k8slabd']);
      await allReady(lab, 60);
      assert.equal(await mutations(lab, '[^"]*'), 0, 'nor of any other driver');
      assert.deepEqual(await mutatingCalls(lab), []);
    });

    it('plans nothing when nothing is to be done, and every step with its cost for new manifests', async () => {
      assert.equal((await lab.exec(['k8slab', 'plan'])).code, 0);
      await lab.writeFile('/root/next/worker01.yaml', WORKER01);

      const { code, stdout } = await lab.exec(['k8slab', 'plan', '/etc/k8slab.d', '/root/next']);

      assert.equal(code, 2);
      for (const step of [
        'DefineNetwork',
        'WriteHostFiles',
        'CreateDisk',
        'WriteSeed',
        'DefineDomain',
        'StartDomain',
      ]) {
        assert.match(stdout, new RegExp(`${step} +none`), stdout);
      }
      assert.equal(await getObject(lab, 'node/worker01'), undefined, 'planning changed nothing');
    });

    documentsSuite(() => lab);

    it('brings a sixth guest up while no packet is lost between guests nor to the outside', async () => {
      const pings = Promise.all([
        ping(lab, 'master00', ADDRESSES['worker00'] ?? '', 600),
        ping(lab, 'master01', OUTSIDE, 600),
      ]);

      await applyManifests(lab, [['worker01.yaml', WORKER01]]);
      await untilCondition(lab, ['node/worker01', 'Ready'], ({ status }) => status === 'True', 120);

      for (const { sent, received } of await pings)
        assert.deepEqual({ sent, received }, { sent: 600, received: 600 });
      const calls = (await mutatingCalls(lab)).map(([op]) => op).sort();
      assert.deepEqual(calls, ['autostart', 'define', 'net-define', 'start']);
      assert.match(
        await lab.must(['virsh', 'net-dumpxml', '--inactive', 'k8s-net']),
        /worker01\.k8s-thw\.local/,
      );
      assert.equal(
        (await lab.must(['ssh', 'worker01', 'cat /home/centos/pod_cidr.txt'])).trim(),
        '10.200.1.0/24',
      );
      assert.match(await lab.must(['ssh', 'master00', 'nslookup worker01']), /192\.168\.111\.99/);
    });

    it('E86: keeps the good manifests and names the place when one is broken', async () => {
      await lab.writeFile(
        '/etc/k8slab.d/broken.yaml',
        'apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: x}\nspec: {memroy: 1Gi}\n',
      );
      await lab.writeFile('/etc/k8slab.d/worker01.yaml', `${WORKER01}  nonsense: true\n`);
      await lab.must(['systemctl', 'reload', 'k8slabd']);

      const verdict = await lab.exec(['k8slab', 'validate', '/etc/k8slab.d']);

      assert.equal(verdict.code, 1);
      assert.match(verdict.stderr, /broken\.yaml:4:8: spec\.memroy: .*memory/);
      assert.match(verdict.stderr, /worker01\.yaml:\d+:3: spec\.nonsense/);
      await allReady(lab, 30);
      assert.notEqual(
        await getObject(lab, 'node/worker01'),
        undefined,
        'the last good version stays in force',
      );
      await applyManifests(lab, [['worker01.yaml', WORKER01]]);
      await lab.must(['rm', '/etc/k8slab.d/broken.yaml']);
    });

    it('E98: refuses a second daemon, and says what is running', async () => {
      const { code, stderr } = await lab.exec(['k8slabd']);

      assert.equal(code, 1);
      assert.match(stderr, /another k8slabd answers/);
    });

    it('E92: says that libvirtd is down, and goes on by itself once it is back', async () => {
      const pid = await lab.must(['systemctl', 'show', '-p', 'MainPID', '--value', 'k8slabd']);
      await lab.must([
        'sh',
        '-c',
        'systemctl stop libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service',
      ]);
      await lab.must(['systemctl', 'reload', 'k8slabd']);
      const down = await untilCondition(lab, ['vmhost/vmhost', 'Synced'], ({ status }) => status === 'False');
      assert.equal(down.reason, 'LibvirtUnreachable');
      assert.match(down.message, /systemctl start libvirtd/);

      await lab.must(['systemctl', 'start', 'libvirtd.socket']);

      await allReady(lab, 120);
      assert.equal(await lab.must(['systemctl', 'show', '-p', 'MainPID', '--value', 'k8slabd']), pid);
      assert.deepEqual((await mutatingCalls(lab)).map(([op]) => op).sort(), [
        'autostart',
        'define',
        'net-define',
        'start',
      ]);
    });

    it('serves metrics by the names of controller-runtime, and tells a supervisor how it is', async () => {
      const text = await lab.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']);

      assert.match(text, /controller_runtime_reconcile_total\{controller="node",result="success"\}/);
      assert.match(text, /workqueue_depth\{.*name="network".*priority="edit".*\} 0/);
      assert.match(
        text,
        /k8slab_object_condition\{kind="Node",name="master00",type="Ready",status="True",reason="Ready"\} 1/,
      );
      assert.match(
        text,
        /k8slab_driver_call_duration_seconds_count\{driver="virsh",op="net-dumpxml"\} [1-9]/,
      );
      for (const path of ['healthz', 'readyz']) {
        assert.equal(await lab.must(['curl', '-sf', `http://127.0.0.1:9811/${path}`]), 'ok\n');
      }
    });

    firstHourSuite(() => lab);

    prometheusSuite(() => lab);

    it('makes one pass to convergence with --once', async () => {
      await lab.must(['systemctl', 'stop', 'k8slabd']);

      const { code, stderr } = await lab.exec(['k8slabd', '--once', '--timeout', '60']);

      assert.equal(code, 0, stderr);
    });
  });
}
