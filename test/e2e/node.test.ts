import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ObjectOf } from '../../src/api/meta.ts';
import { poll } from '../lab/processes.ts';
import type { Lab } from '../lab/lab.ts';
import {
  allReady,
  applyManifests,
  bootLab,
  conditionOf,
  getObject,
  OUTSIDE,
  ping,
  startDaemon,
  tutorialManifests,
  untilCondition,
} from './bed.ts';
import { tellOfGuestsOnFailure } from './failure.ts';
import {
  applyNodes,
  domain,
  domainId,
  driftCount,
  leases,
  lookup,
  nodeReady,
  readyAt,
  until,
  type NodeFields,
} from './node-bed.ts';

const NODES = {
  master00: { role: 'master', address: '192.168.111.150', mac: '52:54:00:5e:53:fb' },
  master01: { role: 'master', address: '192.168.111.135', mac: '52:54:00:b5:06:ff' },
  worker00: { role: 'worker', address: '192.168.111.98', mac: '52:54:00:bf:ca:b4' },
} as const;
const STOP_SECONDS = 20;

/** Guests that change, or are changed, on real libvirt. */
describe('a guest that exists', () => {
  let lab: Lab;
  /** What the manifests say now. */
  const nodes: Record<string, NodeFields> = { ...NODES };

  before(async () => {
    lab = await bootLab({ name: 'e2e-node' });
    const manifests = tutorialManifests();
    const shared = ['k8s-net.yaml', 'guest.yaml'].map((name) => [name, manifests.get(name) ?? ''] as const);
    await applyManifests(lab, shared);
    await lab.writeFile('/etc/k8slab/k8slabd.yaml', `shutdownSeconds: ${STOP_SECONDS}\nresyncSeconds: 10\n`);
    await applyNodes(lab, nodes);
    await startDaemon(lab);
    await allReady(lab, 240);
  });
  after(() => lab.down());
  tellOfGuestsOnFailure(() => lab);

  async function change(name: keyof typeof NODES, fields: Partial<NodeFields>): Promise<void> {
    nodes[name] = { ...NODES[name], ...nodes[name], ...fields };
    await applyNodes(lab, { [name]: nodes[name] });
  }

  it('is started again when somebody pulls its plug, and that counts as drift', async () => {
    await lab.must(['virsh', 'destroy', 'worker00']);

    await until('worker00 runs', async () =>
      (await lab.must(['virsh', 'list', '--name'])).includes('worker00'),
    );
    await nodeReady(lab, 'worker00');
    await until('it is counted', async () => (await driftCount(lab, 'worker00')) === 1);
  });

  it('is defined again as it was when somebody undefines it while it runs, and does not notice', async () => {
    const [id, { uuid }] = [await domainId(lab, 'worker00'), await domain(lab, 'worker00')];

    await lab.must(['virsh', 'undefine', 'worker00']);

    const persistent = ['sh', '-c', 'LC_ALL=C virsh dominfo worker00 | grep Persistent'];
    await until('it is persistent', async () => /yes/.test(await lab.must(persistent)));
    assert.deepEqual([await domainId(lab, 'worker00'), (await domain(lab, 'worker00')).uuid], [id, uuid]);
  });

  it('E46: gets back what was edited by hand, keeps what is not ours, and is not restarted', async () => {
    const id = await domainId(lab, 'worker00');
    const before = await domain(lab, 'worker00');
    const edit = String.raw`LC_ALL=C virsh dumpxml --inactive worker00 |
      sed -e 's|<memory.*|<memory unit="KiB">131072</memory>|; s|<currentMemory.*||; s|<vcpu.*|<vcpu>3</vcpu>|' \
          -e 's|</uuid>|</uuid><title>mine</title>|' \
          -e '/<model type=.virtio.\/>/s|$|<link state="down"/>|' >/root/edited.xml; virsh define /root/edited.xml`;

    await lab.must(['sh', '-c', edit]);

    await until('it is repaired', async () => (await domain(lab, 'worker00')).memory === before.memory);
    assert.deepEqual(await domain(lab, 'worker00'), before);
    assert.match(await lab.must(['virsh', 'dumpxml', '--inactive', 'worker00']), /<title>mine<\/title>/);
    assert.equal(await domainId(lab, 'worker00'), id);
  });

  it('gets its link up again that somebody set down', async () => {
    await lab.must(['virsh', 'domif-setlink', 'worker00', NODES.worker00.mac, 'down']);

    await until('the link is up', async () =>
      (await domain(lab, 'worker00', { live: true })).interfaces.every(({ link }) => link === undefined),
    );
  });

  it('E45: has new cpus and memory in its definition at once, and they wait for a restart', async () => {
    const id = await domainId(lab, 'worker00');

    await change('worker00', { cpus: 2, memory: '256Mi' });

    const { message } = await untilCondition(
      lab,
      ['node/worker00', 'RestartRequired'],
      ({ status }) => status === 'True',
    );
    assert.match(message, /cpus, memory; .*: k8slab restart worker00$/);
    const { cpus, memory } = await domain(lab, 'worker00');
    assert.deepEqual([cpus.count, memory], [2, 256]);
    assert.equal((await nodeReady(lab, 'worker00')).status, 'True');
    assert.equal(await domainId(lab, 'worker00'), id);
  });

  it('gets them by a graceful restart where the policy allows any change', async () => {
    await change('worker00', { policy: 'restart: OnAnyChange' });

    await until('the guest has them', async () => {
      const { stdout } = await lab.exec(['ssh', 'worker00', 'nproc'], { timeoutMs: 5000 });
      return stdout.trim() === '2';
    });
    await nodeReady(lab, 'worker00');
    assert.equal(await conditionOf(lab, 'node/worker00', 'RestartRequired'), undefined);
  });

  it('sees its disk grow while it runs, and never shrink', async () => {
    const id = await domainId(lab, 'worker00');
    await change('worker00', { size: '128Mi' });
    const sectors = async (): Promise<string> =>
      (await lab.exec(['ssh', 'worker00', 'cat /sys/block/vda/size'])).stdout.trim();
    await until('the guest sees it', async () => (await sectors()) === String(2 ** 27 / 512));

    await change('worker00', { size: '64Mi' });

    await untilCondition(lab, ['node/worker00', 'DiskShrinkRefused'], ({ status }) => status === 'True');
    assert.deepEqual([await sectors(), await domainId(lab, 'worker00')], [String(2 ** 27 / 512), id]);
    await change('worker00', { size: '128Mi' });
    await nodeReady(lab, 'worker00');
  });

  it('E04: takes a free address without the others losing a packet, and all agree on it', async () => {
    const pings = [
      ping(lab, 'master00', NODES.worker00.address, 400),
      ping(lab, 'worker00', OUTSIDE, 400),
    ] as const;
    const started = Date.now();

    await change('master01', { address: '192.168.111.77' });
    await readyAt(lab, 'master01', '192.168.111.77', 60);

    console.log(`# moved in ${Date.now() - started} ms`);
    for (const { sent, received } of await Promise.all(pings)) assert.equal(received, sent);
    const held = (await leases(lab)).filter(({ mac }) => mac === NODES.master01.mac);
    assert.deepEqual(
      held.map(({ ip }) => ip),
      ['192.168.111.77'],
    );
    assert.deepEqual(await lookup(lab, 'worker00', 'master01.k8s-thw.local'), ['192.168.111.77']);
    assert.match(await lab.readFile('/etc/hosts'), /^192\.168\.111\.77 master01/m);
    assert.doesNotMatch(await lab.readFile('/etc/hosts'), /192\.168\.111\.135/);
  });

  it('waits with its new address until the others of its role are Ready again', async () => {
    const since = (await lab.must(['date', '+%s.%N'])).trim();
    nodes['master00'] = { ...NODES.master00, address: '192.168.111.151' };
    nodes['master01'] = { ...NODES.master01, address: '192.168.111.152' };
    await applyNodes(lab, { master00: nodes['master00'], master01: nodes['master01'] });

    await readyAt(lab, 'master00', '192.168.111.151');
    await readyAt(lab, 'master01', '192.168.111.152');

    const log = await lab.must([
      'journalctl',
      '-t',
      'dnsmasq-dhcp',
      '-o',
      'cat',
      '--no-pager',
      '--since',
      `@${since}`,
    ]);
    const steps = [...log.matchAll(/^DHCP(NAK|ACK)\(\S+\) \S+ (\S+)/gm)].map(([, what, mac]) => ({
      what,
      mac,
    }));
    const last = steps.findLast(({ what }) => what === 'ACK')?.mac;
    const left = steps.findIndex(({ mac }) => mac === last);
    const arrived = steps.findIndex(({ what, mac }) => what === 'ACK' && mac !== last);
    assert.ok(arrived !== -1 && left > arrived, log);
  });

  it('E06: swaps its address with another one', async () => {
    nodes['master00'] = { ...NODES.master00, address: '192.168.111.152' };
    nodes['master01'] = { ...NODES.master01, address: '192.168.111.151' };

    await applyNodes(lab, { master00: nodes['master00'], master01: nodes['master01'] });

    await readyAt(lab, 'master00', '192.168.111.152');
    await readyAt(lab, 'master01', '192.168.111.151');
    for (const name of ['master00', 'master01'])
      assert.equal((await lab.must(['ssh', '-o', 'BatchMode=yes', name, 'hostname'])).trim(), name);
  });

  it('E11: waits for an address that a stranger has a lease on, names it, and leaves it alone', async () => {
    const mac = '52:54:00:99:99:99';
    await lab.must(['sh', '-c', STRANGER]);
    await until('the stranger has a lease', async () =>
      (await leases(lab)).some((lease) => lease.mac === mac),
    );
    const ip = (await leases(lab)).find((lease) => lease.mac === mac)?.ip ?? '';

    await change('worker00', { address: ip });

    const { message } = await untilCondition(
      lab,
      ['node/worker00', 'Ready'],
      ({ reason }) => reason === 'AddressInUse',
    );
    assert.match(message, new RegExp(mac));
    assert.ok((await leases(lab)).some((lease) => lease.mac === mac && lease.ip === ip));
    await lab.must(['sh', '-c', 'virsh destroy stranger']);
    await change('worker00', { address: NODES.worker00.address });
    await readyAt(lab, 'worker00', NODES.worker00.address);
  });

  it('E05: gets another MAC address by a restart, and keeps its own', async () => {
    await change('worker00', { mac: '52:54:00:bf:ca:b5', policy: 'restart: OnAnyChange' });

    await until('it runs with it', async () =>
      (await domain(lab, 'worker00', { live: true })).interfaces.some(
        (nic) => nic.mac === '52:54:00:bf:ca:b5',
      ),
    );
    await readyAt(lab, 'worker00', NODES.worker00.address);
    const held = (await leases(lab)).filter(({ ip }) => ip === NODES.worker00.address);
    assert.deepEqual(
      held.map(({ mac }) => mac),
      ['52:54:00:bf:ca:b5'],
    );
  });

  it('is restarted only while the others of its role are Ready', async () => {
    for (const name of ['master00', 'master01'] as const) {
      nodes[name] = { ...NODES[name], ...nodes[name], cpus: 2, policy: 'restart: OnAnyChange' };
    }
    await applyNodes(lab, {
      master00: nodes['master00'] as NodeFields,
      master01: nodes['master01'] as NodeFields,
    });

    /** Those whose guest has ended, and has not answered since it began again. One that is slow to answer is there. */
    const down = new Set<string>();
    let most = 0;
    const follow = async (name: string): Promise<true | undefined> => {
      let answered = await lab.exec(['virsh', 'domid', name]);
      return poll(
        async () => {
          const id = await lab.exec(['virsh', 'domid', name]);
          if (id.stdout !== answered.stdout) down.add(name);
          most = Math.max(most, down.size);
          const ask = ['ssh', '-o', 'ConnectTimeout=1', name, 'nproc'];
          const { code, stdout } = await lab.exec(ask, { timeoutMs: 4000 });
          if (code !== 0) return undefined;
          answered = id;
          down.delete(name);
          return stdout.trim() === '2' ? true : undefined;
        },
        { timeoutMs: 180_000, intervalMs: 200 },
      );
    };
    const done = await Promise.all([follow('master00'), follow('master01')]);

    assert.deepEqual([done, most], [[true, true], 1]);
    for (const name of ['master00', 'master01']) await nodeReady(lab, name);
  });

  it('E48: loses its plug when it does not shut down in time', async () => {
    await lab.must(['ssh', 'worker00', 'sudo sh -c "rm /etc/acpi/PWRF/00000080"']);

    await change('worker00', { power: 'Stopped' });

    await untilCondition(lab, ['node/worker00', 'Ready'], ({ reason }) => reason === 'ShuttingDown');
    await untilCondition(
      lab,
      ['node/worker00', 'Ready'],
      ({ reason }) => reason === 'Stopped',
      STOP_SECONDS * 3,
    );
    await change('worker00', { power: 'Running' });
    await nodeReady(lab, 'worker00');
  });

  it('is left as somebody changed it where the policy is to report', async () => {
    await change('worker00', { policy: 'restart: OnAnyChange, drift: Report' });
    await until('the policy is read', async () => {
      const { spec } = (await getObject(lab, 'node/worker00')) as ObjectOf<'Node'>;
      return spec.power === 'Running' && spec.policy.drift === 'Report';
    });
    await nodeReady(lab, 'worker00');

    await lab.must(['virsh', 'setvcpus', 'worker00', '1', '--config']);

    const drifted = await untilCondition(
      lab,
      ['node/worker00', 'Drifted'],
      ({ status }) => status === 'True',
    );
    assert.match(drifted.message, /cpus/);
    assert.equal((await domain(lab, 'worker00')).cpus.plugged, 1);
  });

  it('says in the plan what a change of address costs whom', async () => {
    const text = await lab.must(['cat', '/etc/k8slab.d/master00.yaml']);
    await lab.writeFile('/root/moved/master00.yaml', text.replace('192.168.111.152', '192.168.111.160'));
    await lab.must(['sh', '-c', 'cp -n /etc/k8slab.d/* /root/moved/']);

    const { stdout } = await lab.exec(['k8slab', 'plan', '/root/moved']);

    assert.match(stdout, /^node\/master00 +RenewLease +link\(~\d+s\) +master00 /m);
    assert.equal((await getObject(lab, 'node/master00'))?.kind, 'Node');
  });
});

const STRANGER = `qemu-img create -q -f qcow2 -F qcow2 -b /srv/images/tiny.qcow2 /var/lib/libvirt/images/stranger.qcow2
cat >/root/stranger.xml <<'XML'
<domain type='qemu'><name>stranger</name><memory unit='MiB'>192</memory><os><type machine='q35'>hvm</type></os><features><acpi/></features>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/var/lib/libvirt/images/stranger.qcow2'/><target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='52:54:00:99:99:99'/><source network='k8s-net'/><model type='virtio'/></interface><serial type='pty'/></devices></domain>
XML
virsh create /root/stranger.xml`;
