import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { allReady, applyManifests, bootLab, startDaemon, tutorialManifests, untilCondition } from './bed.ts';

const BACK_NET =
  'apiVersion: k8slab.io/v1alpha1\nkind: Network\nmetadata: {name: back}\nspec: {cidr: 192.168.77.0/24}\n';

function node(name: string, disk: string, more = ''): string {
  return `apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: ${name}}
spec:
  role: lb
  memory: 1Gi
  disk: ${disk}
  networks: [{network: k8s-net}]
  ssh: {user: centos}
${more}`;
}

const FIRST = node(
  'first',
  '{size: 6Gi, image: guest}',
  `  podCIDR: 10.200.7.0/24
  cloudInit:
    commands: ['echo "it is \\"quoted\\"" > /root/said']
    files: [{path: /etc/motd, content: "hello\\n", permissions: "0600", owner: "root:root"}]
`,
);

/** The truth about cloud-init: a Debian guest with the real one, a clone of it and a Node on an existing disk. */
describe('a Debian guest', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootLab({ name: 'e2e-debian', guest: 'debian' });
    const manifests = tutorialManifests();
    await applyManifests(lab, [
      ['k8s-net.yaml', manifests.get('k8s-net.yaml') ?? ''],
      ['guest.yaml', manifests.get('guest.yaml') ?? ''],
      ['first.yaml', FIRST],
    ]);
    await startDaemon(lab);
    await allReady(lab, 600);
  });
  after(() => lab.down());

  function ssh(guest: string, command: string): Promise<string> {
    return lab.must(['ssh', '-o', 'BatchMode=yes', guest, command]);
  }

  it('is provisioned by the real cloud-init: name, user without a password, files, commands, pod network', async () => {
    assert.equal((await ssh('first', 'hostname')).trim(), 'first');
    assert.equal((await ssh('first', 'sudo cat /root/said')).trim(), 'it is "quoted"');
    assert.equal(await ssh('first', 'sudo cat /etc/motd; sudo stat -c %a /etc/motd'), 'hello\n600\n');
    assert.equal(await ssh('first', 'cat pod_cidr.txt; stat -c %U pod_cidr.txt'), '10.200.7.0/24\ncentos\n');
    assert.match(await ssh('first', 'sudo passwd -S centos'), /^centos L /);
    assert.match(await ssh('first', 'sudo sshd -T'), /passwordauthentication no/);
    assert.match(await ssh('first', 'df --output=size -B1G / | tail -1'), /^\s*[56]/);
  });

  it('shows no other host key than the one k8slab gave it', async () => {
    const keys = await lab.must([
      'sh',
      '-c',
      'ssh-keyscan -t ed25519,rsa,ecdsa $(getent ahostsv4 first | head -1 | cut -d" " -f1) 2>/dev/null',
    ]);
    const [line = '', ...others] = keys.trim().split('\n');

    assert.deepEqual(others, []);
    assert.match(
      await lab.must(['cat', '/var/lib/k8slab/known_hosts']),
      new RegExp(line.split(' ').slice(1).join(' ').replaceAll(/[+/]/g, '\\$&')),
    );
  });

  it('answers ansible all -m ping', async () => {
    assert.match(await lab.must(['ansible', 'all', '-m', 'ping'], { timeoutMs: 180_000 }), /"ping": "pong"/);
  });

  it('is cloned while it runs, and is used from an existing disk, each with its own machine-id, key and lease', async () => {
    const boots = await ssh('first', 'cat /proc/sys/kernel/random/boot_id');
    await lab.must([
      'sh',
      '-c',
      'qemu-img convert -U -O qcow2 /var/lib/libvirt/images/k8slab/disks/first.qcow2 /var/lib/libvirt/images/existing.qcow2',
    ]);

    await applyManifests(lab, [
      ['second.yaml', node('second', '{cloneOf: first}')],
      ['back.yaml', BACK_NET],
      [
        'third.yaml',
        node('third', '{path: /var/lib/libvirt/images/existing.qcow2}').replace(
          '{network: k8s-net}',
          '{network: k8s-net}, {network: back}',
        ),
      ],
    ]);
    // The daemon may not have read them yet, when all that it knows is Ready.
    for (const name of ['node/second', 'node/third']) {
      await untilCondition(lab, [name, 'Ready'], ({ status }) => status === 'True', 900);
    }

    const guests = ['first', 'second', 'third'];
    const commands = [
      'hostname',
      'cat /etc/machine-id',
      'sudo cut -d" " -f2 /etc/ssh/ssh_host_ed25519_key.pub',
      'hostname -I',
    ];
    for (const command of commands) {
      const values: string[] = [];
      for (const guest of guests) values.push((await ssh(guest, command)).trim());
      assert.equal(new Set(values).size, guests.length, `${command}: all different: ${values.join(', ')}`);
    }
    for (const guest of guests) {
      const addresses = await ssh(
        guest,
        'for name in first second third; do getent ahostsv4 $name | head -1; done',
      );
      assert.equal(addresses.trim().split('\n').length, guests.length, `${guest} resolves: ${addresses}`);
    }
    assert.equal(
      await ssh('first', 'cat /proc/sys/kernel/random/boot_id'),
      boots,
      'the source was not restarted',
    );
  });

  it('shows its console from the first boot on, and what its commands printed', async () => {
    assert.match(await lab.must(['k8slab', 'logs', 'first']), /Cloud-init v\. .* running/);
    assert.match(
      await lab.must(['k8slab', 'logs', 'first', '--cloud-init', '--tail', '20']),
      /Cloud-init v\. .* finished/,
    );
  });

  it('C4: goes out by its first network, though both have a gateway', async () => {
    const routes = (await ssh('third', 'ip -4 route show default')).trim().split('\n');

    const found = routes.map((line) => /^default via (\S+) .* metric (\d+)/.exec(line)?.slice(1));
    assert.deepEqual(found.toSorted(), [
      ['192.168.111.1', '100'],
      ['192.168.77.1', '200'],
    ]);
    assert.match(await ssh('third', 'ip -4 route get 203.0.113.1'), /via 192\.168\.111\.1 /);
  });

  it('E04: takes a new address by its own systemd-networkd, without a restart', async () => {
    const boot = await ssh('first', 'cat /proc/sys/kernel/random/boot_id');

    await applyManifests(lab, [
      ['first.yaml', FIRST.replace('{network: k8s-net}', '{network: k8s-net, address: 192.168.111.77}')],
    ]);

    await untilCondition(
      lab,
      ['node/first', 'AddressAgreed'],
      ({ status, message }) => status === 'True' && message === '192.168.111.77',
      120,
    );
    assert.equal(await ssh('first', 'cat /proc/sys/kernel/random/boot_id'), boot);
    const journal = await lab.must(['journalctl', '-u', 'k8slabd', '-o', 'cat', '--no-pager']);
    assert.match(journal, /"action":"RenewLease"/);
    assert.doesNotMatch(journal, /"action":"CycleLink"/);
  });
});
