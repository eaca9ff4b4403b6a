import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adoptionManifests, type Adoption } from '../../../src/api/adopt/manifests.ts';
import type { FoundDomain, FoundNetwork, FoundWorld } from '../../../src/api/adopt/world.ts';
import { ReasonedError } from '../../../src/api/errors.ts';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import type { ParsedObject } from '../../../src/api/manifest/types.ts';
import { fixture } from '../libvirt/fixtures.ts';
import { domainXml, DUPLICATES, MACHINES, tutorialNetwork } from './tutorial.ts';

function network(xml: string, more: Partial<FoundNetwork> = {}): FoundNetwork {
  const config = parseNetwork(xml);
  const { name } = config.model;
  return { name, active: true, autostart: true, persistent: true, config, live: config, ...more };
}

function domain(xml: string, state: FoundDomain['state'] = 'running'): FoundDomain {
  const config = parseDomain(xml);
  return { name: config.model.name, state, config };
}

const [MASTER00, MASTER01] = MACHINES;
assert.ok(MASTER00 !== undefined && MASTER01 !== undefined);
const master00 = domain(domainXml(MASTER00));
const tutorial: FoundWorld = {
  networks: [network(tutorialNetwork())],
  domains: MACHINES.map((machine) => domain(domainXml(machine))),
};

function objects({ files }: Adoption): ParsedObject[] {
  return files.flatMap(({ name, text }) => parseManifest(name, text).objects);
}

function textOf(world: FoundWorld, ...words: string[]): string {
  return adoptionManifests(world, words)
    .files.map(({ text }) => text)
    .join('---\n');
}

/** What one domain of this kind, on the tutorial's network, becomes. */
function adoptDomain(xml: string, inside: Parameters<typeof tutorialNetwork>[0] = {}): Adoption {
  return adoptionManifests({ networks: [network(tutorialNetwork(inside))], domains: [domain(xml)] }, []);
}

describe('the manifests that adopt what libvirt has', () => {
  it('say of the tutorial all that a reader of it would look for', () => {
    const { files, skipped } = adoptionManifests(tutorial, []);

    assert.deepEqual(skipped, []);
    assert.deepEqual(
      files.map(({ name }) => name),
      ['network-k8s-net.yaml', ...MACHINES.map(({ name }) => `node-${name}.yaml`)],
    );
    const [net, node] = objects({ files, skipped });
    assert.ok(net?.kind === 'Network' && node?.kind === 'Node');
    assert.deepEqual(
      [net.spec.domain, net.spec.cidr, net.spec.forward, net.spec.bridge.name, net.spec.dns.localOnly],
      ['k8s-thw.local', '192.168.111.0/24', { mode: 'nat', dev: 'eth0' }, 'virbr1', false],
    );
    const { cpus, memory, disk, networks, power, policy } = node.spec;
    assert.deepEqual(
      { cpus, memory, disk, networks, power, adopt: policy.adopt },
      {
        cpus: 1,
        memory: '16Gi',
        disk: { path: '/srv/disks/master00.qcow2' },
        networks: [{ network: 'k8s-net', address: '192.168.111.150', mac: '52:54:00:5e:53:fb' }],
        power: 'Running',
        adopt: true,
      },
    );
  });

  it('have names that belong to no machine as records of the network, further names of a machine as its aliases', () => {
    const dns = `<host ip='192.168.111.150'><hostname>master00.k8s-thw.local</hostname><hostname>api.example</hostname></host>
      <host ip='192.0.2.9'><hostname>registry.example</hostname></host>`;

    const [net, node] = objects(adoptDomain(domainXml(MASTER00), { dns }));

    assert.ok(net?.kind === 'Network' && node?.kind === 'Node');
    assert.deepEqual(net.spec.dns.records, [{ address: '192.0.2.9', hostnames: ['registry.example'] }]);
    assert.deepEqual(node.spec.dnsAliases, ['api.example']);
  });

  for (const [what, inside] of [
    ['the tutorial gives its MAC address to three machines', { dhcp: DUPLICATES }],
    [
      'its reservation has another name',
      { dhcp: "<host mac='52:54:00:5e:53:fb' name='m' ip='192.168.111.150'/>" },
    ],
    ['its reservation has no name', { dhcp: "<host mac='52:54:00:5e:53:fb' ip='192.168.111.150'/>" }],
    ['DNS does not know it', { dns: '' }],
  ] as const) {
    it(`name no address where ${what}, and say in a comment what naming it would do`, () => {
      const adoption = adoptDomain(domainXml(MASTER00), inside);

      const node = objects(adoption).find(({ kind }) => kind === 'Node');
      assert.ok(node?.kind === 'Node');
      assert.equal(node.spec.networks[0]?.address, undefined);
      assert.match(
        adoption.files[1]?.text ?? '',
        /^# address: .*192\.168\.111\.150.*master00\.k8s-thw\.local/m,
      );
    });
  }

  it('tell in comments what they cannot say and what stays as it is', () => {
    const nics =
      "<interface type='bridge'><mac address='52:54:00:00:00:09'/><source bridge='br0'/></interface>";
    const disk = "<disk type='file' device='disk'><source file='/srv/data.raw'/><target dev='vdb'/></disk>";
    const printer = "<host mac='52:54:00:00:00:77' ip='192.168.111.77'/>";

    const text = adoptDomain(domainXml(MASTER00, nics + disk), { dhcp: printer })
      .files.map((file) => file.text)
      .join('');

    for (const said of [
      /# .*NIC 52:54:00:00:00:09 on br0/,
      /# .*disk \/srv\/data\.raw/,
      /# .*192\.168\.111\.77 for/,
    ]) {
      assert.match(text, said);
    }
  });

  it('say that what others defined waits for a restart by them', () => {
    const live = parseNetwork(tutorialNetwork().replace('k8s-thw', 'old'));
    const adoption = adoptionManifests({ networks: [network(tutorialNetwork(), { live })], domains: [] }, []);

    assert.match(
      adoption.files[0]?.text ?? '',
      /^# what others defined takes effect when they restart the network: domain$/m,
    );
  });

  it('say that a network which is not active will be started, and leave it out unless it is named', () => {
    const world = { networks: [network(tutorialNetwork(), { active: false })], domains: [] };

    assert.deepEqual(
      adoptionManifests(world, []).skipped.map(({ what }) => what),
      ['network/k8s-net'],
    );
    assert.match(textOf(world, 'k8s-net'), /^# k8slab will do StartNetwork/m);
  });

  it('leave out what is k8slab’s already', () => {
    const world = {
      networks: [network(fixture('network-inactive'))],
      domains: [domain(fixture('domain-inactive'))],
    };

    assert.deepEqual(adoptionManifests(world, []), { files: [], skipped: [] });
    assert.throws(
      () => adoptionManifests(world, ['domain/master00']),
      (error) => error instanceof ReasonedError && error.reason === 'AlreadyManaged',
    );
  });

  for (const [what, xml, why] of [
    [
      'a name that is none for an object',
      domainXml({ ...MASTER00, name: 'Windows_10' }),
      /lower-case.*domrename/,
    ],
    ['no disk file', domainXml(MASTER00).replaceAll('source file', 'source volume'), /first disk/],
    ['no NIC on a network', domainXml(MASTER00).replace("network='k8s-net'", "dev='eth0'"), /no NIC/],
    ['less memory than a Node has', domainXml({ ...MASTER00, memory: 1 / 32 }), /memory/],
  ] as const) {
    it(`leave out a domain with ${what}, and say why`, () => {
      const { files, skipped } = adoptDomain(xml);

      assert.equal(files.length, 1);
      assert.match(skipped[0]?.why ?? '', why);
    });
  }

  for (const [what, xml, why] of [
    [
      'another forward mode',
      "<network><name>n</name><forward mode='bridge'/></network>",
      /forward mode bridge/,
    ],
    ['no addresses', "<network><name>n</name><bridge name='virbr3'/></network>", /no IPv4 address/],
  ] as const) {
    it(`leave out a network with ${what}, and say why`, () => {
      assert.match(
        adoptionManifests({ networks: [network(xml)], domains: [] }, []).skipped[0]?.why ?? '',
        why,
      );
    });
  }

  it('leave out both of two domains that cannot both be Nodes', () => {
    const twin = domainXml({ ...MASTER01, mac: MASTER00.mac });

    const { files, skipped } = adoptionManifests({ networks: [], domains: [master00, domain(twin)] }, []);

    assert.deepEqual(
      [files.length, skipped.map(({ what }) => what)],
      [0, ['domain/master00', 'domain/master01']],
    );
    assert.match(skipped[0]?.why ?? '', /MAC address/);
  });

  it('are of those that are named, by name or by type and name', () => {
    for (const words of [['network/k8s-net'], ['k8s-net'], ['knet/k8s-net']]) {
      assert.deepEqual(
        objects(adoptionManifests(tutorial, words)).map(({ kind }) => kind),
        ['Network'],
      );
    }
    assert.deepEqual(
      objects(adoptionManifests(tutorial, ['domain/master00', 'node/worker00'])).map(({ name }) => name),
      ['master00', 'worker00'],
    );
  });

  for (const [word, said] of [
    ['master0', /nothing of that name.*/],
    ['disk/master00', /neither network nor domain/],
  ] as const) {
    it(`fail for "${word}"`, () => {
      assert.throws(() => adoptionManifests(tutorial, [word]), said);
    });
  }

  it('ask which one is meant when a network and a domain have one name', () => {
    const named = domainXml({ ...MASTER00, name: 'k8s-net' });
    const world = { ...tutorial, domains: [domain(named)] };

    assert.throws(() => adoptionManifests(world, ['k8s-net']), /is a network and a domain/);
  });
});
