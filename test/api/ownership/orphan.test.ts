import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { parseNetwork } from '../../../src/api/libvirt/network.ts';
import { markedNetwork, markedNode } from '../../../src/api/ownership/orphan.ts';
import { fixture } from '../libvirt/fixtures.ts';
import { apply, look, master00 } from '../network/bed.ts';

describe('what carries our mark', () => {
  it('is a Node with as much of a spec as libvirt tells', () => {
    const xml = fixture('domain-inactive').replace(
      /(kind="Node" [^>]*reclaim=")Retain|kind="Node"/,
      (_all, head) => (head === undefined ? 'kind="Node" reclaim="Delete"' : `${String(head)}Delete`),
    );

    const marked = markedNode(parseDomain(xml));

    assert.ok(marked?.kind === 'Node');
    const { name, spec } = marked;
    assert.equal(name, 'master00');
    assert.equal(spec.policy.reclaim, 'Delete');
    assert.match(spec.disk.path ?? '', /^\//);
    assert.deepEqual(
      spec.networks.map(({ network }) => network),
      ['k8s-net'],
    );
    assert.match(spec.memory, /^[1-9][0-9]*[KMGT]i$/);
  });

  it('is a Network with its block and bridge', () => {
    const { config = '' } = apply({}, look([master00], {}));

    const marked = markedNetwork(parseNetwork(config));

    assert.ok(marked?.kind === 'Network');
    assert.deepEqual(
      [marked.name, marked.spec.cidr, marked.spec.bridge.name, marked.spec.domain],
      ['k8s-net', '192.168.111.0/24', 'virbr1', 'k8s-thw.local'],
    );
  });

  it('under another name than the mark says is somebody’s copy: not ours', () => {
    const copy = fixture('domain-inactive').replace('<name>master00</name>', '<name>master00-copy</name>');
    const { config = '' } = apply({}, look([master00], {}));

    assert.equal(markedNode(parseDomain(copy)), undefined);
    assert.equal(
      markedNetwork(parseNetwork(config.replace('<name>k8s-net</name>', '<name>x</name>'))),
      undefined,
    );
    assert.equal(markedNode(parseDomain('<domain><name>x</name></domain>')), undefined);
  });
});
