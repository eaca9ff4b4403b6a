import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  aliasName,
  attachmentMac,
  bridgeName,
  derivedMac,
  derivedUuid,
  fqdn,
} from '../../../src/api/ipam/names.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

describe('derived names', () => {
  it('E38: never change between versions of k8slab: guests would lose their addresses', () => {
    assert.equal(derivedMac('k8s-net', 'worker00'), '52:54:00:b2:04:6f');
    assert.equal(derivedUuid('Node', 'worker00'), 'f44d677d-789b-8b60-b501-d4806073e071');
    assert.equal(bridgeName('a-long-network-name'), 'virbr-26a54cc78');
  });

  it('are MAC addresses under the prefix of libvirt', () => {
    fc.assert(
      fc.property(label, label, (network, node) => {
        assert.match(derivedMac(network, node), /^52:54:00(:[0-9a-f]{2}){3}$/);
      }),
    );
  });

  it('tell apart names whose concatenation is equal', () => {
    assert.notEqual(derivedMac('ab', 'c'), derivedMac('a', 'bc'));
    assert.notEqual(derivedUuid('Node', 'a'), derivedUuid('Network', 'a'));
  });

  it('are valid version 8 UUIDs', () => {
    fc.assert(
      fc.property(label, (name) => {
        const uuid = derivedUuid('Node', name);
        assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  it('are bridges that Linux accepts: at most 15 characters', () => {
    fc.assert(
      fc.property(label, (network) => {
        assert.match(bridgeName(network), /^virbr-[a-z0-9-]{1,9}$/);
      }),
    );
    assert.equal(bridgeName('k8s-net'), 'virbr-k8s-net');
    assert.equal(bridgeName('ninechars'), 'virbr-ninechars');
    assert.notEqual(bridgeName('ten-chars1'), bridgeName('ten-chars2'));
  });
});

describe('the MAC address of an attachment', () => {
  it('is the given one in lower case, else the derived one', () => {
    assert.equal(attachmentMac('a', { network: 'n', mac: '52:54:00:AB:CD:EF' }), '52:54:00:ab:cd:ef');
    assert.equal(attachmentMac('a', { network: 'n' }), derivedMac('n', 'a'));
  });

  it('is the own one of each Node, also where two have the same attachment, as by a default', () => {
    const attachment = { network: 'n' };

    const macs = ['a', 'b', 'a'].map((node) => attachmentMac(node, attachment));

    assert.deepEqual(macs, [derivedMac('n', 'a'), derivedMac('n', 'b'), derivedMac('n', 'a')]);
  });
});

describe('DNS names', () => {
  it('end in the domain of the network, if it has one', () => {
    assert.equal(fqdn('master00', 'k8s-thw.local'), 'master00.k8s-thw.local');
    assert.equal(fqdn('master00'), 'master00');
  });

  it('given with a dot are whole already', () => {
    assert.equal(aliasName('api', 'k8s-thw.local'), 'api.k8s-thw.local');
    assert.equal(aliasName('api.example', 'k8s-thw.local'), 'api.example');
  });
});
