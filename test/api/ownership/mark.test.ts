import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  findMark,
  MARK_NAMESPACE,
  parseDomainMark,
  parseNetworkMark,
  withMark,
  withoutMark,
  type DomainMark,
  type NetworkMark,
} from '../../../src/api/ownership/mark.ts';
import { elements, first, parseXml, renderXml } from '../../../src/api/xml.ts';
import { fixture } from '../libvirt/fixtures.ts';

const word = fc.string({
  unit: fc.constantFrom('a', 'b', '.', '-', '7', '"', '<', '&', "'"),
  minLength: 1,
  maxLength: 8,
});
const words = fc.array(word, { maxLength: 3 });
const entry = fc.record(
  { node: word, mac: word, ip: word, podCIDR: word, hostnames: words },
  { requiredKeys: ['node', 'mac', 'ip', 'hostnames'] },
);
const networkMark: fc.Arbitrary<NetworkMark> = fc.record({
  kind: fc.constant('Network' as const),
  name: word,
  entries: fc.array(entry, { maxLength: 3 }),
  records: fc.array(fc.record({ ip: word, hostnames: words }), { maxLength: 2 }),
  options: words,
  forwarders: words,
  fields: words,
});

/** As libvirt would print it again. */
function through(xml: string, mark: NetworkMark | DomainMark): ReturnType<typeof parseXml> {
  return parseXml(renderXml(withMark(parseXml(xml), mark)));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const domainMark: DomainMark = {
  kind: 'Node',
  name: 'master00',
  adopted: true,
  reclaim: 'Delete',
  cloudInit: '98e2d6cb7401804e',
  reusedDisk: true,
  diskFormat: 'raw',
  hostKey: 'ssh-ed25519 AAAA',
};

describe('a mark', () => {
  it('of a network comes back as it was written', () => {
    fc.assert(
      fc.property(networkMark, (mark) =>
        assert.deepEqual(
          plain(parseNetworkMark(through('<network><name>n</name></network>', mark))),
          plain(mark),
        ),
      ),
      { numRuns: 50 },
    );
  });

  it('of a domain comes back as it was written', () => {
    assert.deepEqual(parseDomainMark(through('<domain/>', domainMark)), domainMark);
  });

  it('of one kind is none of the other', () => {
    assert.equal(parseNetworkMark(through('<network/>', domainMark)), undefined);
  });

  it('is known by its namespace, whatever prefix libvirt or a person gave it', () => {
    for (const open of [`k:object xmlns:k="${MARK_NAMESPACE}"`, `object xmlns="${MARK_NAMESPACE}"`]) {
      const prefix = open.startsWith('k:') ? 'k:' : '';
      const xml = `<domain><metadata><${open} kind="Node" name="m" cloudInit="h"><${prefix}hostKey>key</${prefix}hostKey></${prefix}object></metadata></domain>`;

      assert.deepEqual(parseDomainMark(parseXml(xml)), {
        kind: 'Node',
        name: 'm',
        reclaim: 'Retain',
        cloudInit: 'h',
        hostKey: 'key',
      });
    }
  });

  for (const [what, element] of [
    ['of another namespace', '<k8slab:object xmlns:k8slab="https://example.com/" kind="Node" name="m"/>'],
    ['without a namespace', '<object kind="Node" name="m"/>'],
    [
      'of a later version',
      '<k8slab:object xmlns:k8slab="https://k8slab.io/libvirt/v2" kind="Node" name="m"/>',
    ],
    ['of another name', `<k8slab:other xmlns:k8slab="${MARK_NAMESPACE}" kind="Node" name="m"/>`],
  ] as const) {
    it(`${what} is none: what carries it is not ours`, () => {
      assert.equal(findMark(parseXml(`<domain><metadata>${element}</metadata></domain>`)), undefined);
    });
  }

  it('outside <metadata> is none', () => {
    assert.equal(findMark(parseXml(`<domain><k:object xmlns:k="${MARK_NAMESPACE}"/></domain>`)), undefined);
  });

  it('replaces the one before and leaves what others keep in <metadata>', () => {
    const kept = '<metadata><app:note xmlns:app="urn:app">  by hand </app:note></metadata>';
    const once = renderXml(withMark(parseXml(`<domain>${kept}</domain>`), domainMark));

    const second = withMark(parseXml(once), { ...domainMark, cloudInit: 'other' });

    const children = elements(first(second, 'metadata'));
    assert.deepEqual(
      children.map(({ name }) => name),
      ['app:note', 'k8slab:object'],
    );
    assert.deepEqual(children[0]?.children, ['  by hand ']);
    assert.equal(parseDomainMark(second)?.cloudInit, 'other');
  });

  it('is read from what libvirt prints of a network and of a guest', () => {
    const network = parseNetworkMark(parseXml(fixture('network-inactive')));
    const domain = parseDomainMark(parseXml(fixture('domain-live')));

    assert.deepEqual(network?.entries[0], {
      node: 'master00',
      mac: '52:54:00:5e:53:fb',
      ip: '192.168.111.150',
      hostnames: ['master00.k8s-thw.local'],
    });
    assert.equal(network.entries.length, 3);
    assert.equal(domain?.name, 'master00');
    assert.match(domain.hostKey, /^ssh-ed25519 AAAA\S+$/);
  });
});

describe('taking the mark out', () => {
  it('leaves what others keep in <metadata>, and no empty <metadata>', () => {
    const others = '<domain><name>a</name><metadata><x xmlns="urn:x">1</x></metadata></domain>';

    for (const xml of [others, '<domain><name>a</name></domain>']) {
      const marked = withMark(parseXml(xml), domainMark);
      assert.ok(findMark(marked));
      assert.equal(renderXml(withoutMark(marked)), renderXml(parseXml(xml)));
    }
  });
});
