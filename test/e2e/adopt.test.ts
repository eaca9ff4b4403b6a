import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { domainXml, MACHINES, tutorialNetwork } from '../api/adopt/tutorial.ts';
import type { Lab } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';
import {
  allReady,
  bootLab,
  conditionOf,
  getObject,
  mutatingCalls,
  mutations,
  startDaemon,
  untilCondition,
} from './bed.ts';

/** What the tutorial's reader may have put there besides. */
const PRINTER = "<host mac='52:54:00:00:00:77' name='printer' ip='192.168.111.77'/>";
const PORTGROUP = "<portgroup name='fast'/>";
const RUNNING = ['master00', 'worker00'];
const MANIFESTS = '/etc/k8slab.d';

function guestXml(machine: (typeof MACHINES)[number]): string {
  return domainXml({ ...machine, memory: 0.5 })
    .replace("type='kvm'", "type='qemu'")
    .replace("<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>", '')
    .replace('<devices>', "<features><acpi/><apic/></features><cpu mode='maximum'/><devices>")
    .replace(/<uuid>.*<\/uuid>/, '');
}

/** Makes the tutorial's lab as its reader does: by virsh, with no k8slab anywhere. */
async function buildByHand(lab: Lab): Promise<void> {
  const dhcp = MACHINES.map(
    ({ name, mac, ip }) => `<host mac='${mac}' name='${name}.k8s-thw.local' ip='${ip}'/>`,
  );
  const network = tutorialNetwork({ dhcp: [...dhcp, PRINTER].join(''), network: PORTGROUP });
  await lab.writeFile('/root/k8s-net.xml', network);
  await lab.must(['virsh', 'net-define', '/root/k8s-net.xml']);
  await lab.must(['virsh', 'net-start', 'k8s-net']);
  await lab.must(['mkdir', '-p', '/srv/disks']);
  for (const machine of MACHINES) {
    const disk = `/srv/disks/${machine.name}.qcow2`;
    await lab.must([
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      '/srv/images/guest.qcow2',
      disk,
    ]);
    await lab.writeFile(`/root/${machine.name}.xml`, guestXml(machine));
    await lab.must(['virsh', 'define', `/root/${machine.name}.xml`]);
  }
  for (const name of RUNNING) await lab.must(['virsh', 'start', name]);
}

/** Every definition and all that runs. */
async function everything(lab: Lab): Promise<string> {
  const network = ['net-dumpxml', 'k8s-net'];
  const domains = MACHINES.flatMap(({ name }) => [
    ['dumpxml', name],
    ['dumpxml', name, '--inactive'],
  ]);
  const calls = [network, [...network, '--inactive'], ['net-info', 'k8s-net'], ...domains];
  const shown: string[] = [];
  for (const call of calls) shown.push(await lab.must(['virsh', ...call]));
  return shown.join('\n');
}

async function edit(lab: Lab, file: string, change: (text: string) => string): Promise<void> {
  const path = `${MANIFESTS}/${file}`;
  await lab.writeFile(path, change(await lab.readFile(path)));
}

describe("the tutorial's lab, made by hand and adopted", () => {
  let lab: Lab;
  let asFound: string;
  before(async () => {
    lab = await bootLab({ name: 'e2e-adopt' });
    await buildByHand(lab);
    asFound = await everything(lab);
  });
  after(() => lab.down());

  it('has manifests written of it while no daemon runs, without changing anything', async () => {
    const { code, stdout, stderr } = await lab.exec(['k8slab', 'adopt', '-d', '/root/adopted']);

    assert.equal(code, 0, stderr);
    for (const { name } of MACHINES)
      assert.match(stdout, new RegExp(`^/root/adopted/node-${name}\\.yaml$`, 'm'));
    assert.match(await lab.readFile('/root/adopted/network-k8s-net.yaml'), /^# .*192\.168\.111\.77/m);
    const again = await lab.exec(['k8slab', 'adopt', 'k8s-net', '-d', '/root/adopted']);
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, /network-k8s-net\.yaml.*nothing is overwritten/s);
    assert.equal((await lab.exec(['k8slab', 'validate', '/root/adopted'])).code, 0);
    assert.equal(await everything(lab), asFound);
  });

  it('needs nothing done by those manifests: the plan is empty, the daemon changes nothing, all is Ready', async () => {
    await startDaemon(lab);
    await allReady(lab, 60);
    const planned = await lab.exec(['k8slab', 'plan', '/root/adopted']);
    assert.deepEqual([planned.code, planned.stdout], [0, 'Nothing to do\n']);

    await lab.must(['sh', '-c', `cp /root/adopted/*.yaml ${MANIFESTS}/`]);
    await untilCondition(lab, ['node/worker00', 'Ready'], ({ status }) => status === 'True', 180);
    await allReady(lab, 120);

    assert.deepEqual(await mutatingCalls(lab), []);
    assert.equal(await mutations(lab), 0);
    assert.equal(await everything(lab), asFound);
    assert.equal((await lab.exec(['k8slab', 'plan'])).stdout, 'Nothing to do\n');
    for (const { name, ip } of MACHINES) {
      assert.equal(
        ((await getObject(lab, `node/${name}`)) as { status: { address?: string } }).status.address,
        ip,
      );
    }
    assert.doesNotMatch(await lab.readFile('/etc/hosts'), /master00/);
  });

  it('E61: a guest is asked by ssh once its key is pinned, and another key is an error', async () => {
    const scanned = await poll(
      async () => {
        const { stdout } = await lab.exec(['ssh-keyscan', '-t', 'ed25519', '192.168.111.150']);
        return /ssh-ed25519 \S+/.exec(stdout)?.[0];
      },
      { timeoutMs: 60_000, intervalMs: 1000 },
    );
    assert.ok(scanned);
    assert.equal((await conditionOf(lab, 'node/master00', 'SSHReachable'))?.reason, 'NotPinned');
    await edit(lab, 'node-master00.yaml', (text) => `${text}  ssh: { hostKey: '${scanned}' }\n`);

    const reached = await untilCondition(
      lab,
      ['node/master00', 'SSHReachable'],
      ({ reason }) => reason === 'KeyNotAuthorized',
    );
    assert.match(reached.message, /authorized_keys/);
    assert.equal((await conditionOf(lab, 'node/master00', 'Ready'))?.status, 'True');
    const other = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJT8rxAU4tTV5TdffFVDdHcixEk0A/XF9aLQDTs0odIv';
    await edit(lab, 'node-master00.yaml', (text) => text.replace(scanned, other));
    await untilCondition(lab, ['node/master00', 'Ready'], ({ reason }) => reason === 'HostKeyMismatch');
    await edit(lab, 'node-master00.yaml', (text) => text.replace(other, scanned));
    await untilCondition(lab, ['node/master00', 'Ready'], ({ status }) => status === 'True');

    assert.deepEqual(await mutatingCalls(lab), []);
  });

  it('E28: the first change marks the network as adopted and leaves all else of it, running guests too', async () => {
    const before = await mutations(lab);
    await edit(lab, 'network-k8s-net.yaml', (text) =>
      text.replace(
        '  dns:\n',
        '  dns:\n    records:\n      - { address: 192.0.2.9, hostnames: [registry.example] }\n',
      ),
    );
    await poll(async () => ((await mutations(lab)) > before ? true : undefined), {
      timeoutMs: 60_000,
      intervalMs: 500,
    });
    await allReady(lab, 60);

    const xml = await lab.must(['virsh', 'net-dumpxml', 'k8s-net', '--inactive']);
    assert.match(xml, /adopted="yes"/);
    for (const kept of ['231ecaaa-88ab-4c38-b955-c91b1dff203b', "name='printer'", "portgroup name='fast'"]) {
      assert.ok(xml.includes(kept), kept);
    }
    const calls = (await mutatingCalls(lab)).map(([op]) => op);
    assert.ok(
      !calls.some((op) => ['net-destroy', 'net-start', 'shutdown', 'define'].includes(op ?? '')),
      calls.join(),
    );
    assert.match(await lab.must(['sh', '-c', 'virsh list --name']), /master00[^]*worker00/);
    assert.equal((await lab.exec(['k8slab', 'plan'])).stdout, 'Nothing to do\n');
  });

  it('has what its manifest names changed in a guest, and keeps the rest of it', async () => {
    const parts = async (): Promise<string[]> => {
      const xml = await lab.must(['virsh', 'dumpxml', 'master01', '--inactive']);
      return [
        ...xml.matchAll(/<uuid>.*|<memory .*|<currentMemory .*|<mac .*|<source .*|<model .*|<address .*/g),
      ].map(String);
    };
    const before = await parts();
    await edit(lab, 'node-master01.yaml', (text) => text.replace('cpus: 1', 'cpus: 2'));
    await poll(
      async () =>
        (await lab.must(['virsh', 'dumpxml', 'master01'])).includes('>2</vcpu>') ? true : undefined,
      { timeoutMs: 60_000, intervalMs: 500 },
    );
    await allReady(lab, 60);

    assert.match(await lab.must(['virsh', 'dumpxml', 'master01']), /k8slab:object[^>]*adopted="yes"/);
    assert.deepEqual(await parts(), before);
  });

  it('E09: a Node that wants the address of another machine is refused, and that entry stays', async () => {
    await lab.writeFile(
      `${MANIFESTS}/thief.yaml`,
      [
        'apiVersion: k8slab.io/v1alpha1',
        'kind: Node',
        'metadata: { name: thief }',
        'spec: { disk: { path: /srv/disks/none.qcow2 }, networks: [{ network: k8s-net, address: 192.168.111.77 }] }',
        '',
      ].join('\n'),
    );

    const refused = await untilCondition(lab, ['node/thief', 'Ready'], ({ reason }) => reason === 'Conflict');

    assert.match(refused.message, /printer/);
    assert.match(await lab.must(['virsh', 'net-dumpxml', 'k8s-net']), /printer/);
    await lab.must(['rm', `${MANIFESTS}/thief.yaml`]);
  });

  it('lets go of a guest whose manifest goes: it runs on, and nothing is done to it', async () => {
    const asItRuns = await lab.must(['virsh', 'dumpxml', 'worker00']);
    const before = (await mutatingCalls(lab)).length;
    await lab.must(['rm', `${MANIFESTS}/node-worker00.yaml`]);
    const gone = await poll(
      async () => ((await getObject(lab, 'node/worker00')) === undefined ? true : undefined),
      { timeoutMs: 60_000, intervalMs: 500 },
    );

    assert.ok(gone);
    await allReady(lab, 60);
    assert.equal(await lab.must(['virsh', 'dumpxml', 'worker00']), asItRuns);
    assert.match(await lab.must(['virsh', 'net-dumpxml', 'k8s-net']), /worker00\.k8s-thw\.local/);
    const about = (await mutatingCalls(lab)).slice(before).filter((argv) => argv.includes('worker00'));
    assert.deepEqual(about, []);
  });

  it('is a conflict that says how to adopt it where the manifest does not', async () => {
    await edit(lab, 'node-master02.yaml', (text) => text.replace('adopt: true', 'adopt: false'));

    const { message } = await untilCondition(
      lab,
      ['node/master02', 'Ready'],
      ({ reason }) => reason === 'Conflict',
    );

    assert.match(message, /k8slab adopt domain\/master02/);
    assert.doesNotMatch(await lab.must(['virsh', 'dumpxml', 'master02']), /k8slab/);
  });
});
