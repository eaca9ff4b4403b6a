import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nextSnapshot, emptySnapshot } from '../../../src/api/manifest/snapshot.ts';
import { formatError } from '../../../src/api/manifest/format.ts';
import { networkSpec } from '../../../src/api/network/spec.ts';
import { dynamicRanges, networkAddresses } from '../../../src/api/ipam/network-addresses.ts';
import { formatAddress } from '../../../src/api/ipam/address.ts';
import { renderNetwork } from '../../../src/api/network/render.ts';
import { renderXml, withChildren } from '../../../src/api/xml.ts';
import { ReasonedError } from '../../../src/api/errors.ts';
import { adopt } from '../../../src/cli/adopt.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { DUPLICATES, domainXml, MACHINES, tutorialNetwork, type Machine } from '../../api/adopt/tutorial.ts';
import { createBed, type Bed } from '../bed.ts';
import { fakeLibvirt, rawLibvirt, type World } from '../fakes.ts';

function bedWith(xml: string, machines: readonly Machine[], inside = ''): Bed {
  const bed = createBed();
  bed.world.networks.set('k8s-net', { config: xml, live: xml, autostart: false });
  bed.world.files.set('/etc/hosts', '127.0.0.1 localhost\n');
  for (const machine of machines) {
    bed.world.domains.set(machine.name, { xml: domainXml(machine, inside), state: 'running' });
    bed.world.files.set(`/srv/disks/${machine.name}.qcow2`, '');
  }
  return bed;
}

/** The tutorial's machines, each with its lease. */
function tutorial(inside = ''): Bed {
  const bed = bedWith(tutorialNetwork(), MACHINES, inside);
  for (const { mac, ip } of MACHINES) bed.world.leases.push({ mac, ip, expiry: 0 });
  return bed;
}

/** The manifests that `k8slab adopt` writes, put where the daemon reads them. */
async function adoptAll(bed: Bed, edit: (text: string) => string = (text) => text): Promise<string[]> {
  const { files, skipped } = await adopt(fakeLibvirt(bed.world), []);
  assert.deepEqual(skipped, []);
  const texts = files.map(({ name, text }) => ({ path: name, text: edit(text) }));
  const { objects, errors } = nextSnapshot(emptySnapshot, { files: texts });
  assert.deepEqual(errors.map(formatError), []);
  for (const { kind, ...object } of objects) bed.store.apply(kind, object);
  return texts.map(({ text }) => text);
}

/** What was done to libvirt and its networks. */
function changes({ calls }: World): string[] {
  return calls.filter((call) => !call.startsWith('writeFile'));
}

describe('what k8slab adopt writes', () => {
  it("takes over the tutorial's end state: every object is Ready and nothing is changed", async () => {
    const bed = tutorial();

    await adoptAll(bed);
    await bed.converge();

    assert.deepEqual(changes(bed.world), []);
    assert.equal(bed.ready('Network', 'k8s-net'), 'True Active');
    for (const { name, ip } of MACHINES) {
      assert.equal(bed.ready('Node', name), 'True Ready');
      assert.equal(bed.object('Node', name).status.address, ip);
      assert.equal(bed.object('Node', name).spec.networks[0]?.address, ip);
    }
  });

  it('names no guest in the files of the vmhost until the manifest says so', async () => {
    const bed = tutorial();

    await adoptAll(bed);
    await bed.converge();
    assert.doesNotMatch(bed.world.files.get('/etc/hosts') ?? '', /master00/);

    await adoptAll(bed, (text) => text.replace('hostsEntry: false', 'hostsEntry: true'));
    await bed.converge();

    assert.match(
      bed.world.files.get('/etc/hosts') ?? '',
      /192\.168\.111\.150 master00\.k8s-thw\.local master00/,
    );
    const sshConfig = bed.world.files.get('/etc/ssh/ssh_config.d/k8slab.conf') ?? '';
    assert.match(sshConfig, /Host master00/);
    assert.doesNotMatch(sshConfig, /StrictHostKeyChecking/, 'whoever trusts their keys goes on doing so');
    assert.match(
      bed.world.files.get('/etc/ansible/hosts') ?? '',
      /^master00\..* ansible_ssh_common_args=''$/m,
    );
  });

  it('plans nothing for any network and guests as k8slab itself would define them', async () => {
    const networks = fc.record(
      {
        mtu: fc.constantFrom(1400, 9000),
        domain: fc.constantFrom('a.example', 'k8s-thw.local'),
        gateway: fc.constantFrom('192.168.111.254', '192.168.111.1'),
        bridge: fc.constantFrom({ stp: false, delaySeconds: 4 }, { name: 'virbr7' }),
        forward: fc.constantFrom(
          { mode: 'nat', dev: 'eth0' },
          { mode: 'isolated' },
          { mode: 'open' },
          { mode: 'route', dev: 'eth1' },
          { mode: 'nat', natPorts: { start: 2000, end: 3000 } },
        ),
        dns: fc.constantFrom(
          { localOnly: false },
          { forwarders: ['192.0.2.2', '192.0.2.1'] },
          { dnsmasqOptions: ['cache-size=1000', 'log-queries'] },
          { records: [{ address: '192.168.111.77', hostnames: ['www.example.com', 'printer'] }] },
        ),
        dhcp: fc.constantFrom({ leaseSeconds: 600 }, { start: '192.168.111.8', end: '192.168.111.250' }),
      },
      { requiredKeys: [] },
    );
    const machines = fc.subarray([...MACHINES]);
    const aliases = fc.constantFrom(
      [],
      ['api.example.com', 'www2.example.com'],
      ['bare'],
      ['a.example.org', 'bare'],
    );

    await fc.assert(
      fc.asyncProperty(
        networks,
        machines,
        aliases,
        fc.boolean(),
        async (fields, guests, names, autostart) => {
          const xml = unmarkedNetwork(fields, guests, names);
          const bed = bedWith(xml, guests);
          bed.world.networks.set('k8s-net', { config: xml, live: xml, autostart });

          await adoptAll(bed);
          await bed.converge();

          assert.deepEqual(changes(bed.world), []);
          for (const { name, ip } of guests) {
            assert.equal(bed.object('Node', name).spec.networks[0]?.address, ip, 'its address is named');
          }
          assert.equal(bed.condition(['Network', 'k8s-net'], 'ClaimsRefused'), undefined);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** A network as k8slab renders it, less its mark. */
function unmarkedNetwork(fields: object, guests: readonly Machine[], names: readonly string[]): string {
  const spec = networkSpec.parse({ cidr: '192.168.111.0/24', ...fields });
  const addresses = networkAddresses(spec);
  const root = renderNetwork(
    {
      name: 'k8s-net',
      spec,
      bridge: spec.bridge.name ?? 'virbr1',
      gateway: formatAddress(addresses.gateway),
      netmask: addresses.netmask,
      ranges: dynamicRanges(addresses),
      records: spec.dns.records.map(({ address, hostnames }) => ({ ip: address, hostnames })),
      hostDirs: { dhcp: '', dns: '' },
      entries: guests.map(({ name, mac, ip }, index) => {
        const full = spec.domain === undefined ? name : `${name}.${spec.domain}`;
        return { node: name, mac, ip, hostnames: [full, ...(index === 0 ? names : [])] };
      }),
      options: spec.dns.dnsmasqOptions,
    },
    undefined,
    undefined,
  );
  return renderXml(
    withChildren(
      root,
      root.children.filter((child) => typeof child === 'string' || child.name !== 'metadata'),
    ),
  );
}

describe('an adopted guest', () => {
  const pinned = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJT8rxAU4tTV5TdffFVDdHcixEk0A/XF9aLQDTs0odIv';
  const pin = (text: string): string => text.replace('hostsEntry: false', `ssh: { hostKey: '${pinned}' }`);

  it('E61: is never asked by ssh without a pinned key, and Ready does not depend on it', async () => {
    const bed = tutorial();
    bed.world.guests.set('192.168.111.150', new ReasonedError('HostKeyMismatch', 'asked'));

    await adoptAll(bed);
    await bed.converge();

    assert.equal(bed.condition(['Node', 'master00'], 'SSHReachable')?.reason, 'NotPinned');
    assert.equal(bed.ready('Node', 'master00'), 'True Ready');
    assert.equal(bed.condition(['Node', 'master00'], 'CloudInitDone')?.reason, 'NotManaged');
  });

  it('E61: is not Ready when it shows another key than the pinned one', async () => {
    const bed = tutorial();
    bed.world.guests.set('192.168.111.150', new ReasonedError('HostKeyMismatch', 'another key'));

    await adoptAll(bed, pin);
    await bed.converge();

    assert.equal(bed.ready('Node', 'master00'), 'False HostKeyMismatch');
    assert.match(
      bed.world.files.get('/var/lib/k8slab/known_hosts') ?? '',
      /192\.168\.111\.150 ssh-ed25519 AAAAC3/,
    );
  });

  it('is Ready when it shows the pinned key but does not let k8slab in, and says what would let it in', async () => {
    const bed = tutorial();
    bed.world.leases.length = 0;
    for (const { ip } of MACHINES) {
      bed.world.guests.set(ip, new ReasonedError('AuthenticationFailed', 'no key of ours'));
    }

    await adoptAll(bed, pin);
    await bed.converge();

    assert.equal(bed.ready('Node', 'master00'), 'True Ready');
    const { status, reason, message } = bed.condition(['Node', 'master00'], 'SSHReachable') ?? {};
    assert.deepEqual([status, reason], ['False', 'KeyNotAuthorized']);
    assert.match(message ?? '', /authorized_keys/);
  });

  it('is a conflict without adopt, and the message says how to adopt it', async () => {
    const bed = tutorial();

    await adoptAll(bed, (text) =>
      text.includes('kind: Node') ? text.replace('adopt: true', 'adopt: false') : text,
    );
    await bed.converge();

    assert.equal(bed.ready('Node', 'master00'), 'False Conflict');
    assert.match(
      bed.condition(['Node', 'master00'], 'Ready')?.message ?? '',
      /k8slab adopt domain\/master00/,
    );
    assert.deepEqual(changes(bed.world), []);
  });

  it('is started and stopped as its manifest says, and left as it is when that says nothing', async () => {
    for (const [power, expected] of [
      ['power: Running', ['startDomain master00']],
      ['dnsAliases: []', []],
    ] as const) {
      const bed = tutorial();
      await adoptAll(bed, (text) => text.replace('power: Running', power));
      const domain = bed.world.domains.get('master00');
      assert.ok(domain);
      domain.state = 'shutoff';

      await bed.converge();

      assert.deepEqual(changes(bed.world), expected);
    }
  });

  it('is waited for, never made anew, when libvirt has no domain of that name', async () => {
    const bed = tutorial();
    await adoptAll(bed);
    bed.world.domains.delete('master00');

    await bed.converge();

    assert.equal(bed.ready('Node', 'master00'), 'False DomainNotFound');
    assert.deepEqual(changes(bed.world), []);
  });

  it('without a reservation shows the address that it was given, and gets no entry in the network', async () => {
    const bed = bedWith(tutorialNetwork({ dhcp: '', dns: '' }), MACHINES);
    for (const { mac, ip } of MACHINES) bed.world.leases.push({ mac, ip, expiry: 0 });

    await adoptAll(bed);
    await bed.converge();

    assert.deepEqual(changes(bed.world), []);
    assert.equal(bed.ready('Node', 'master00'), 'True Ready');
    assert.equal(bed.object('Node', 'master00').status.address, '192.168.111.150');
    assert.equal(bed.condition(['Node', 'master00'], 'AddressBound')?.reason, 'NotManaged');
  });

  it('has what its manifest names changed, carries the mark from then on, and keeps all else', async () => {
    const second =
      "<interface type='network'><mac address='52:54:00:00:00:09'/><source network='k8s-net'/></interface>";
    const bed = tutorial(`<hostdev mode='subsystem' type='usb'/>${second}`);
    const spare = '<currentMemory unit="KiB">1048576</currentMemory>';
    const domain = bed.world.domains.get('master01');
    assert.ok(domain);
    domain.xml = domain.xml.replace('<vcpu', `${spare}<vcpu`).replace("static'>1<", "static' current='1'>3<");
    await adoptAll(bed);
    await bed.converge();
    assert.deepEqual(changes(bed.world), []);

    await adoptAll(bed, (text) =>
      text.replace(/name: master01[^]*/, (all) => all.replace('memory: 16Gi', 'memory: 8Gi')),
    );
    await bed.converge();

    assert.deepEqual(changes(bed.world), ['defineDomain master01']);
    const xml = bed.world.domains.get('master01')?.xml ?? '';
    assert.match(xml, /adopted="yes"/);
    assert.match(xml, /<memory unit="KiB">8388608</);
    for (const kept of ['hostdev', '52:54:00:00:00:09', 'current="1"', 'device="cdrom"', 'type="kvm"']) {
      assert.ok(xml.includes(kept), kept);
    }
    await bed.converge();
    assert.equal(changes(bed.world).length, 1, 'once is enough');
  });

  for (const autostart of [true, false]) {
    it(`that was undefined while it ran is defined again, ${autostart ? 'started' : 'not started'} with the vmhost as before`, async () => {
      const bed = tutorial();
      const raw = rawLibvirt(bed.world);
      raw.autostart('master01', autostart);
      await adoptAll(bed);
      await bed.converge();

      raw.undefine('master01', { managedSave: false });
      await bed.converge();

      const steps = ['defineDomain master01', ...(autostart ? ['setDomainAutostart master01'] : [])];
      assert.deepEqual(changes(bed.world), steps);
      const { transient, autostart: on = false } = bed.world.domains.get('master01') ?? {};
      assert.deepEqual([transient, on], [undefined, autostart]);
    });
  }

  it('gets its autostart back though that fails at first, and keeps what others say of it afterwards', async () => {
    const bed = tutorial();
    const raw = rawLibvirt(bed.world);
    raw.autostart('master01', true);
    await adoptAll(bed);
    await bed.converge();
    raw.undefine('master01', { managedSave: false });
    bed.world.broken.set('setDomainAutostart', new ReasonedError('Timeout', 'libvirt does not answer'));
    await assert.rejects(bed.pass('Node', 'master01'), { reason: 'Timeout' });
    bed.world.broken.clear();

    await bed.converge();
    assert.equal(bed.world.domains.get('master01')?.autostart, true);

    raw.autostart('master01', false);
    await bed.converge();
    assert.equal(bed.world.domains.get('master01')?.autostart, undefined);
  });

  it('is not given a NIC that its manifest names and it does not have', async () => {
    const bed = tutorial();

    await adoptAll(bed, (text) =>
      text.replace(/address: .*\n +mac: 52:54:00:5e:53:fb/, 'mac: 52:54:00:5e:53:fc'),
    );
    await bed.converge();

    assert.equal(bed.ready('Node', 'master00'), 'False Conflict');
    assert.ok(!changes(bed.world).includes('defineDomain master00'));
  });

  it('is not made to take an address that others reserved for it, only told to be elsewhere', async () => {
    const bed = tutorial();
    bed.world.leases.length = 0;
    for (const [index, { mac }] of MACHINES.entries())
      bed.world.leases.push({ mac, ip: `192.168.111.${20 + index}`, expiry: 0 });

    await adoptAll(bed);
    await bed.converge();

    assert.equal(bed.ready('Node', 'master00'), 'False OtherAddress');
    assert.deepEqual(changes(bed.world), []);
  });

  it('E08: three machines with one MAC address in the network get each their own once all are named', async () => {
    const bed = bedWith(tutorialNetwork({ dhcp: DUPLICATES }), MACHINES.slice(0, 3));
    const address = (text: string): string => {
      const machine = MACHINES.find(({ mac }) => text.includes(mac));
      return machine === undefined
        ? text
        : text.replace('- network: k8s-net', `- network: k8s-net\n      address: ${machine.ip}`);
    };

    await adoptAll(bed, address);
    await bed.converge();

    const { hosts } = parseNetwork(bed.world.networks.get('k8s-net')?.live ?? '').model;
    assert.deepEqual(
      hosts.map(({ mac, ip, name }) => `${mac ?? ''} ${ip} ${name ?? ''}`).sort(),
      MACHINES.slice(0, 3)
        .map(({ mac, ip, name }) => `${mac} ${ip} ${name}.k8s-thw.local`)
        .sort(),
    );
    assert.equal(bed.condition(['Network', 'k8s-net'], 'DuplicateEntries'), undefined);
  });
});
