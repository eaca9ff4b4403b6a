import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { modelNetwork, parseNetwork } from '../../../src/api/libvirt/network.ts';
import { networkSpec, type NetworkSpec } from '../../../src/api/network/spec.ts';
import { dnsHosts, renderNetwork, specHash, type DesiredNetwork } from '../../../src/api/network/render.ts';
import { elements, first, parseXml, renderXml, type XmlElement } from '../../../src/api/xml.ts';
import { fixture } from '../libvirt/fixtures.ts';

function desired(fields: Record<string, unknown> = {}, more: Partial<DesiredNetwork> = {}): DesiredNetwork {
  const spec: NetworkSpec = networkSpec.parse({
    domain: 'k8s-thw.local',
    cidr: '192.168.111.0/24',
    ...fields,
  });
  return {
    name: 'k8s-net',
    spec,
    bridge: 'virbr1',
    gateway: '192.168.111.1',
    netmask: '255.255.255.0',
    ranges: [{ start: '192.168.111.8', end: '192.168.111.254' }],
    entries: [],
    records: spec.dns.records.map(({ address, hostnames }) => ({ ip: address, hostnames })),
    options: ['dhcp-hostsdir=/d', 'hostsdir=/n'],
    hostDirs: { dhcp: '/d', dns: '/n' },
    ...more,
  };
}

/** Renders over XML that may carry the mark of an earlier rendering, as libvirt would give it back. */
function over(base: string | XmlElement, wanted: DesiredNetwork): XmlElement {
  const { root, model } = parseNetwork(typeof base === 'string' ? base : renderXml(base));
  return renderNetwork(wanted, root, model.mark);
}

function fresh(wanted: DesiredNetwork): XmlElement {
  return renderNetwork(wanted, undefined, undefined);
}

const entry = {
  node: 'master00',
  mac: '52:54:00:5e:53:fb',
  ip: '192.168.111.150',
  hostnames: ['master00.k8s-thw.local', 'api.k8s-thw.local'],
};

const FOREIGN = [
  "<portgroup name='p'/>",
  "<ip family='ipv6' address='fd00::1' prefix='64'><dhcp><host id='0:1' ip='fd00::9'/></dhcp></ip>",
  "<route address='10.0.0.0' prefix='8' gateway='192.168.111.9'/>",
  '<title>by hand</title>',
];
const FOREIGN_INSIDE: readonly [at: string, text: string][] = [
  ['</dhcp>', "<host mac='52:54:00:00:00:99' ip='192.168.111.9'/>"],
  ['</dhcp>', "<bootp file='pxe'/>"],
  ['</dns>', "<txt name='t' value='v'/>"],
  ['</dns>', "<host ip='192.168.111.9'><hostname>printer</hostname></host>"],
  ['</dns>', "<forwarder domain='corp.example' addr='192.0.2.9'/>"],
  ['</dns>', "<forwarder addr='192.0.2.8'/>"],
  ['</dnsmasq:options>', "<dnsmasq:option value='log-queries'/>"],
  ['</metadata>', "<app:x xmlns:app='urn:app'> keep </app:x>"],
];

describe('a rendered network', () => {
  it('E12: has several names of one address in one <host>, the first of them in the reservation', () => {
    const { model } = parseNetwork(renderXml(fresh(desired({}, { entries: [entry] }))));

    assert.deepEqual(model.dns.hosts, [{ ip: entry.ip, hostnames: entry.hostnames }]);
    assert.deepEqual(model.hosts, [{ mac: entry.mac, ip: entry.ip, name: entry.hostnames[0] }]);
  });

  it('E33: forwards no name of its domain, unless its manifest wants that', () => {
    const localOnly = (fields = {}): unknown => modelNetwork(fresh(desired(fields))).domain?.localOnly;

    assert.deepEqual([localOnly(), localOnly({ dns: { localOnly: false } })], [true, false]);
  });

  it('rendered over itself is the same, whatever of its fields are set', () => {
    const fields = fc.record(
      {
        mtu: fc.constantFrom(1400, 9000),
        domain: fc.constantFrom('a.example', undefined),
        forward: fc.constantFrom(
          { mode: 'nat', dev: 'eth0' },
          { mode: 'isolated' },
          { mode: 'open' },
          {
            mode: 'nat',
            natPorts: { start: 2000, end: 3000 },
          },
        ),
        dns: fc.constantFrom(
          { localOnly: false },
          { forwarders: ['192.0.2.1', '192.0.2.2'] },
          {
            records: [{ address: '192.168.111.150', hostnames: ['www.example.com'] }],
          },
        ),
        dhcp: fc.constantFrom({ leaseSeconds: 600 }, {}),
      },
      { requiredKeys: [] },
    );
    const entries = fc.constantFrom([], [entry]);

    fc.assert(
      fc.property(fields, entries, fields, (before, had, after) => {
        const once = over(fresh(desired(before, { entries: had })), desired(after, { entries: [entry] }));
        assert.deepEqual(over(once, desired(after, { entries: [entry] })), parseXml(renderXml(once)));
        // What the network was before leaves no trace.
        const clean = modelNetwork(fresh(desired(after, { entries: [entry] })));
        assert.deepEqual(modelNetwork(once), clean);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps uuid, bridge, MAC address and all elements that the manifest knows nothing of', () => {
    const before = renderXml(fresh(desired({}, { entries: [entry] })))
      .replace(
        '<name>k8s-net</name>',
        `<name>k8s-net</name><uuid>231ecaaa</uuid><mac address='52:54:00:06:ec:15'/>`,
      )
      .replace('</network>', `${FOREIGN.join('')}</network>`);
    const edited = FOREIGN_INSIDE.reduce((xml, [at, text]) => xml.replace(at, `${text}${at}`), before);
    const other = { ...entry, node: 'x', mac: '52:54:00:00:00:01', ip: '192.168.111.7', hostnames: ['x'] };

    const after = renderXml(
      over(edited, desired({ mtu: 1400, domain: 'new.example' }, { entries: [other] })),
    );

    const kept = [...FOREIGN, ...FOREIGN_INSIDE.map(([, text]) => text), '<uuid>231ecaaa</uuid>'];
    for (const xml of [...kept, "<mac address='52:54:00:06:ec:15'/>"]) {
      const part = renderXml(parseXml(xml)).trim().replaceAll(/\s+/g, ' ');
      assert.ok(after.replaceAll(/\s+/g, ' ').includes(part), xml);
    }
    assert.doesNotMatch(after, /master00/);
  });

  it('keeps attributes of <domain>, <bridge> and <forward> that it does not model', () => {
    const base = `<network><name>k8s-net</name><forward mode='nat' managed='yes'><nat ipv6='yes'/></forward>
      <bridge name='virbr1' zone='lab' macTableManager='libvirt'/><domain name='k8s-thw.local' register='yes'/></network>`;

    const after = renderXml(over(base, desired()));

    for (const text of [
      'managed="yes"',
      'ipv6="yes"',
      'zone="lab"',
      'macTableManager="libvirt"',
      'register="yes"',
    ]) {
      assert.ok(after.includes(text), text);
    }
  });

  it('is told only by the mark which host, option and forwarder it may take out again', () => {
    const options = ['cache-size=9'];
    const wanted = desired({ dns: { forwarders: ['192.0.2.1'] } }, { entries: [entry], options });
    const hand = renderXml(fresh(wanted)).replace(/<metadata>[^]*<\/metadata>/, '');

    const after = modelNetwork(renderNetwork(desired({}, { entries: [] }), parseXml(hand), undefined));

    assert.deepEqual(
      after.hosts.map(({ mac }) => mac),
      [entry.mac],
    );
    assert.deepEqual(
      after.dns.hosts.map(({ hostnames }) => hostnames),
      [entry.hostnames],
    );
    assert.deepEqual(after.dns.forwarders, ['192.0.2.1']);
    assert.ok(after.options.includes('cache-size=9'));
    const owned = modelNetwork(over(fresh(wanted), desired({}, { entries: [] })));
    assert.deepEqual([owned.hosts, owned.dns.hosts, owned.dns.forwarders], [[], [], []]);
    assert.deepEqual(owned.options, ['dhcp-hostsdir=/d', 'hostsdir=/n']);
  });

  it('takes no forwarder for one domain for its own, and leaves no ports of NAT where there is none', () => {
    const hand = `<network><forward mode='nat'><nat><port start='1' end='2'/></nat></forward>
      <dns><forwarder domain='corp.example' addr='192.0.2.1'/></dns></network>`;

    const after = renderXml(
      over(hand, desired({ forward: { mode: 'route' }, dns: { forwarders: ['192.0.2.1'] } })),
    );

    assert.match(after, /<forwarder domain="corp.example" addr="192.0.2.1"\/>/);
    assert.match(after, /<forwarder addr="192.0.2.1"\/>/);
    assert.doesNotMatch(after, /<nat/);
  });

  it('E15: has DNS on: libvirt refuses names on a network whose DNS is off', () => {
    const after = over("<network><dns enable='no'/></network>", desired({}, { entries: [entry] }));

    assert.equal(modelNetwork(after).dns.enabled, true);
    assert.equal(modelNetwork(after).dns.hosts.length, 1);
  });

  it('writes ports and MTU only where the manifest says so, and takes out only those it wrote', () => {
    const hand =
      "<network><forward mode='nat'><nat><port start='1' end='2'/></nat></forward><mtu size='1300'/></network>";
    const wrote = over(hand, desired({ mtu: 1400, forward: { natPorts: { start: 3, end: 4 } } }));

    const [untouched, gone] = [modelNetwork(over(hand, desired())), modelNetwork(over(wrote, desired()))];

    assert.deepEqual([untouched.mtu, untouched.forward?.ports], ['1300', '1-2']);
    assert.deepEqual([gone.mtu, gone.forward?.ports], [undefined, undefined]);
  });

  it('has the names of others on an address of ours in the same <host>, and leaves them when ours goes', () => {
    const shared = renderXml(fresh(desired({}, { entries: [entry] }))).replace(
      '<hostname>api',
      '<hostname>printer</hostname><hostname>api',
    );

    const kept = modelNetwork(over(shared, desired({}, { entries: [entry] })));
    const without = modelNetwork(over(shared, desired({}, { entries: [] })));

    assert.deepEqual(kept.dns.hosts, [{ ip: entry.ip, hostnames: [...entry.hostnames, 'printer'] }]);
    assert.deepEqual(without.dns.hosts, [{ ip: entry.ip, hostnames: ['printer'] }]);
  });

  it('E18: writes the reservation into the <ip> of its family', () => {
    const base = `<network><ip family='ipv6' address='fd00::1' prefix='64'><dhcp/></ip><ip address='192.168.111.1' prefix='24'/></network>`;

    const [v6, v4] = elements(over(base, desired({}, { entries: [entry] })), 'ip');

    assert.equal(elements(first(v6, 'dhcp')).length, 0);
    assert.deepEqual({ ...v4?.attributes }, { address: '192.168.111.1', prefix: '24' });
    assert.equal(elements(first(v4, 'dhcp'), 'host').length, 1);
  });

  it('of what libvirt gives back of it is nothing to change', () => {
    const { root, model } = parseNetwork(fixture('network-inactive'));
    const { mark, options } = model;
    const fields = {
      bridge: { name: 'virbr1' },
      forward: { mode: 'nat', dev: 'eth0' },
      podCIDR: { cidr: '10.200.0.0/16' },
    };

    const wanted = desired(fields, { entries: mark?.entries ?? [], options });

    const again = renderNetwork(wanted, root, mark);

    // The fixture is older than the hash of what was asked for.
    assert.deepEqual(modelNetwork(again), { ...model, mark: { ...mark, applied: specHash(wanted) } });
  });
});

describe('names', () => {
  it('of one address are together, each once, Nodes before records', () => {
    const hosts = dnsHosts(
      [entry],
      [
        { ip: entry.ip, hostnames: ['www', 'api.k8s-thw.local'] },
        { ip: '192.0.2.7', hostnames: ['out'] },
      ],
    );

    assert.deepEqual(hosts, [
      { ip: entry.ip, hostnames: [...entry.hostnames, 'www'] },
      { ip: '192.0.2.7', hostnames: ['out'] },
    ]);
  });
});
