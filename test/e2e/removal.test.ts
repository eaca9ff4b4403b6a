import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';
import {
  allReady,
  applyManifests,
  bootLab,
  conditionOf,
  getObject,
  mutatingCalls,
  mutations,
  ping,
  startDaemon,
  tutorialManifests,
  untilCondition,
} from './bed.ts';

const NETWORK = (tutorialManifests().get('k8s-net.yaml') ?? '').replace(/ {2}podCIDR.*\n/, '');
const IMAGE = tutorialManifests().get('guest.yaml') ?? '';
const DISKS = '/var/lib/libvirt/images/k8slab/disks';
const OTHERS =
  "<domain type='qemu'><name>of-others</name><memory>65536</memory><os><type>hvm</type></os><devices><interface type='bridge'><source bridge='virbr1'/></interface></devices></domain>";

function node(name: string, more = ''): string {
  return `apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: ${name}}\nspec:\n  role: test\n  memory: 256Mi\n  disk: {image: guest}\n  networks: [{network: k8s-net}]\n${more}`;
}

/** What becomes of what was made from manifests that go. */
describe('removal', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootLab({ name: 'e2e-removal' });
    await applyManifests(lab, [
      ['k8s-net.yaml', NETWORK],
      ['guest.yaml', IMAGE],
      ['a.yaml', node('a')],
      ['b.yaml', node('b')],
      ['c.yaml', node('c')],
    ]);
    await lab.writeFile('/etc/k8slab/k8slabd.yaml', 'shutdownSeconds: 30\n');
    await startDaemon(lab);
    await allReady(lab, 240);
  });
  after(() => lab.down());

  async function sh(script: string): Promise<string> {
    return lab.must(['sh', '-c', script]);
  }

  async function untilGone(reference: string, seconds = 120): Promise<void> {
    const gone = await poll(
      async () => ((await getObject(lab, reference)) === undefined ? true : undefined),
      {
        timeoutMs: seconds * 1000,
        intervalMs: 500,
      },
    );
    assert.ok(gone, `${reference}: ${JSON.stringify(await conditionOf(lab, reference, 'Ready'))}`);
  }

  async function domains(): Promise<string[]> {
    const names = await lab.must(['virsh', 'list', '--all', '--name']);
    return names
      .split('\n')
      .filter((name) => name !== '')
      .sort();
  }

  async function ready(reference: string): Promise<void> {
    await untilCondition(lab, [reference, 'Ready'], ({ status }) => status === 'True', 180);
  }

  async function callsSince(before: number): Promise<string[]> {
    return (await mutatingCalls(lab)).slice(before).map(([op]) => op ?? '');
  }

  it('E48, E79: of a Node stops the guest in order, takes it out of everything, keeps its disk, and costs others no packet', async () => {
    const { address = '' } = (await getObject(lab, 'node/b'))?.status as { address?: string };
    const planned = await lab.exec([
      'sh',
      '-c',
      'mkdir /root/next; cp /etc/k8slab.d/* /root/next; rm /root/next/c.yaml; k8slab plan --only /root/next',
    ]);
    assert.match(planned.stdout, /node\/c +ShutdownDomain +removal +c +no manifest/);
    const calls = (await mutatingCalls(lab)).length;
    const pings = ping(lab, 'a', address, 600);

    await lab.must(['rm', '/etc/k8slab.d/c.yaml']);
    await untilGone('node/c');

    assert.deepEqual(await pings, { sent: 600, received: 600 });
    assert.deepEqual(await domains(), ['a', 'b']);
    const done = await poll(
      async () => {
        const left = await lab.exec([
          'sh',
          '-c',
          'grep -w c.k8s-thw.local /etc/hosts /etc/ansible/hosts /etc/ssh/ssh_config.d/k8slab.conf /var/lib/k8slab/known_hosts; virsh net-dumpxml --inactive k8s-net | grep c.k8s-thw.local; grep -r c.k8s-thw.local /var/lib/libvirt/dnsmasq/k8slab-*',
        ]);
        return left.stdout === '' ? true : undefined;
      },
      { timeoutMs: 15_000, intervalMs: 300 },
    );
    assert.ok(done, 'nothing names it any more');
    const { stdout } = await lab.exec(['ssh', 'a', 'nslookup c.k8s-thw.local']);
    assert.doesNotMatch(stdout, /Name:\s+c\./);
    const ops = await callsSince(calls);
    assert.deepEqual(
      [ops.includes('shutdown'), ops.includes('undefine'), ops.includes('destroy')],
      [true, true, false],
    );
    assert.equal(ops.includes('net-destroy'), false);
    assert.match(await sh(`ls ${DISKS}`), /^c\.qcow2$/m);
    const metrics = await lab.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']);
    assert.doesNotMatch(metrics, /k8slab_object_condition\{kind="Node",name="c"/, 'E95');
  });

  it('E38, E62: of a Node is undone by its manifest: the kept disk, its key and its address come back', async () => {
    await applyManifests(lab, [['c.yaml', node('c')]]);

    await ready('node/c');
    assert.equal((await lab.exec(['ssh', '-o', 'BatchMode=yes', 'c', 'true'])).code, 0);
  });

  /** Gives a guest another answer to the power button. */
  async function onPowerButton(name: string, script: string): Promise<void> {
    const text = `#!/bin/sh\n${script}\n`;
    const { code, stderr } = await lab.exec(['ssh', name, 'sudo tee /etc/acpi/PWRF/00000080'], {
      input: text,
    });
    assert.equal(code, 0, stderr);
  }

  it('E88: is called off by a manifest that comes back meanwhile', async () => {
    const before = await lab.must(['virsh', 'domuuid', 'c']);
    const calls = (await mutatingCalls(lab)).length;
    await onPowerButton('c', 'sleep 15; sync; umount /disk; exec poweroff -f');
    await lab.must(['rm', '/etc/k8slab.d/c.yaml']);
    await untilCondition(lab, ['node/c', 'Ready'], ({ reason }) => reason === 'ShuttingDown', 30);
    assert.ok((await getObject(lab, 'node/c'))?.metadata.deletionTimestamp);
    assert.match(await lab.must(['k8slab', 'get', 'nodes']), /^c .*Terminating/m);

    await applyManifests(lab, [['c.yaml', node('c')]]);

    const restarted = await poll(
      async () => ((await callsSince(calls)).includes('start') ? true : undefined),
      { timeoutMs: 90_000, intervalMs: 500 },
    );
    assert.ok(restarted, 'what was asked to shut down is started again');
    await ready('node/c');
    assert.deepEqual(await callsSince(calls), ['shutdown', 'start']);
    assert.equal((await getObject(lab, 'node/c'))?.metadata.deletionTimestamp, undefined);
    assert.equal(await lab.must(['virsh', 'domuuid', 'c']), before);
  });

  it('E49, E60: happens to what went while the daemon was down, also to a guest whose memory was saved', async () => {
    await lab.must(['systemctl', 'stop', 'k8slabd']);
    await lab.must(['virsh', 'managedsave', 'c']);
    await lab.must(['rm', '/etc/k8slab.d/c.yaml']);

    await startDaemon(lab);

    await untilCondition(lab, ['node/a', 'Ready'], ({ status }) => status === 'True');
    await untilGone('node/c');
    const gone = await poll(async () => ((await domains()).includes('c') ? undefined : true), {
      timeoutMs: 120_000,
      intervalMs: 500,
    });
    assert.ok(gone);
    const ops = await callsSince(0);
    // A guest that was just woken may miss the first button.
    const steps = ops.filter((op, at) => op !== ops[at - 1]);
    assert.deepEqual(steps.slice(0, 3), ['start', 'shutdown', 'undefine'], ops.join(' '));
    assert.match(await sh(`ls ${DISKS}`), /^c\.qcow2$/m);
    await allReady(lab, 60);
  });

  it('E49, E51: with reclaim Delete deletes the disk that it made; neither checkpoints nor a deaf guest are a hindrance', async () => {
    await applyManifests(lab, [['c.yaml', node('c', '  policy: {reclaim: Delete}\n')]]);
    await ready('node/c');
    await lab.must(['virsh', 'checkpoint-create-as', 'c', 'one']);
    await onPowerButton('c', 'exit 0');
    await lab.writeFile(`${DISKS}/stranger.qcow2`, 'of somebody else');

    await lab.must(['rm', '/etc/k8slab.d/c.yaml']);
    await untilGone('node/c');

    assert.doesNotMatch(await sh(`ls ${DISKS} /var/lib/k8slab/hostkeys`), /^c[._]/m);
    assert.ok((await callsSince(0)).includes('destroy'), 'its plug was pulled when its time was over');
    assert.match(await sh(`ls ${DISKS}`), /^stranger\.qcow2$/m);
  });

  it('E49: keeps a disk that an external snapshot stands on', async () => {
    await applyManifests(lab, [['c.yaml', node('c', '  policy: {reclaim: Delete}\n')]]);
    await ready('node/c');
    await lab.must([
      'virsh',
      'snapshot-create-as',
      'c',
      'snap',
      '--disk-only',
      '--diskspec',
      'vdb,snapshot=no',
    ]);

    await lab.must(['rm', '/etc/k8slab.d/c.yaml']);
    await untilGone('node/c');

    assert.match(await sh(`ls ${DISKS}`), /^c\.qcow2\nc\.snap$/m);
  });

  it('E88: is not what a directory means that is moved away', async () => {
    const calls = await mutations(lab);

    await lab.must(['mv', '/etc/k8slab.d', '/root/away']);
    await lab.must(['systemctl', 'reload', 'k8slabd']);
    const away = await poll(
      async () => {
        const { stdout } = await lab.exec(['curl', '-s', 'http://127.0.0.1:9811/readyz']);
        return stdout.includes('/etc/k8slab.d') ? true : undefined;
      },
      { timeoutMs: 5000, intervalMs: 300 },
    );
    assert.ok(away);
    assert.deepEqual(await domains(), ['a', 'b']);
    await lab.must(['mv', '/root/away', '/etc/k8slab.d']);
    await lab.must(['systemctl', 'reload', 'k8slabd']);

    await allReady(lab, 60);
    assert.equal(await mutations(lab), calls);
  });

  it('E88: is held when the directory is emptied, until the files come back', async () => {
    const calls = await mutations(lab);

    await sh('mkdir /root/parked && mv /etc/k8slab.d/* /root/parked');
    const held = await untilCondition(lab, ['node/a', 'RemovalHeld'], ({ status }) => status === 'True', 30);
    assert.match(held.message, /k8slab confirm-removal node\/a/);
    const isNamed = ({ message }: { readonly message: string }): boolean =>
      message.includes('image/guest, network/k8s-net, node/a, node/b');
    await untilCondition(lab, ['vmhost/vmhost', 'RemovalsHeld'], isNamed, 30);
    assert.match(await lab.must(['k8slab', 'get', 'nodes']), /^a .*Ready,RemovalHeld/m);
    const asked = await lab.exec(['k8slab', 'confirm-removal']);
    assert.equal(asked.code, 1);
    assert.match(asked.stderr, /node\/b/);
    assert.match(await lab.must(['k8slab', '__complete', 'confirm-removal', 'no']), /^node\/a(\t|$)/m);
    assert.match(
      await lab.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']),
      /^k8slab_removals_held 4$/m,
    );
    assert.deepEqual(await domains(), ['a', 'b']);

    await sh('cp /root/parked/* /etc/k8slab.d');

    const free = await poll(
      async () => ((await conditionOf(lab, 'node/a', 'RemovalHeld')) === undefined ? true : undefined),
      { timeoutMs: 30_000, intervalMs: 300 },
    );
    assert.ok(free);
    await allReady(lab, 60);
    assert.equal(await mutations(lab), calls);
  });

  it('E35: goes on once it is confirmed; a network that a domain of others uses by its bridge waits for that', async () => {
    await lab.writeFile('/srv/others.xml', OTHERS);
    await lab.must(['virsh', 'define', '/srv/others.xml']);
    await sh('rm /etc/k8slab.d/*');
    await untilCondition(lab, ['node/a', 'RemovalHeld'], ({ status }) => status === 'True', 30);

    const confirmed = await lab.must(['k8slab', 'confirm-removal', '--all']);

    assert.match(confirmed, /^node\/a removal confirmed$/m);
    await untilGone('node/a');
    await untilGone('node/b');
    await untilGone('image/guest');
    const used = await untilCondition(lab, ['network/k8s-net', 'Ready'], ({ message }) =>
      message.startsWith('domain "of-others"'),
    );
    assert.equal(used.reason, 'InUse');
    assert.match(await lab.must(['virsh', 'net-list', '--name']), /^k8s-net/m);

    await lab.must(['virsh', 'undefine', 'of-others']);

    await untilGone('network/k8s-net', 30);
    assert.doesNotMatch(await lab.must(['virsh', 'net-list', '--all', '--name']), /k8s-net/);
    const files = await sh('ls /var/lib/libvirt/dnsmasq /var/lib/libvirt/images/k8slab/*');
    assert.doesNotMatch(files, /k8slab-k8s-net/);
    assert.match(files, /guest-[0-9a-f]{12}\.qcow2/, 'the kept disks stand on it');
    assert.match(files, /^a\.qcow2$/m);
  });
});
