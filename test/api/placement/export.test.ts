import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KINDS } from '../../../src/api/kinds/list.ts';
import type { ParsedObject } from '../../../src/api/manifest/types.ts';
import { API_VERSION, refName, type AnyObject, type Origin } from '../../../src/api/meta.ts';
import { exportManifests, type Exported, type ExportInput } from '../../../src/api/placement/export.ts';
import { attachedText, good, imageText, K8S_NET, manifest } from '../manifest/samples.ts';

const entry = { mac: '52:54:00:00:00:01', hostnames: ['w1'], live: true };
const ENTRIES = [{ node: 'w1', ip: '192.168.111.9', podCIDR: '10.200.7.0/24', ...entry }];

function stored({ kind, name, annotations, spec, origin }: ParsedObject, more: Origin = {}): AnyObject {
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: {
      name,
      labels: { a: 'b' },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      uid: name,
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '',
    },
    spec,
    status: { conditions: [], ...(kind === 'Network' ? { entries: ENTRIES } : {}) },
    origin: { ...origin, ...more },
  } as AnyObject;
}

function lab(...texts: readonly string[]): AnyObject[] {
  return good('lab.yaml', K8S_NET, ...texts).map((object) => stored(object));
}

function exported(objects: readonly AnyObject[], more: Partial<ExportInput> = {}): Exported {
  const wanted = new Set(objects.map(({ kind, metadata }) => refName({ kind, name: metadata.name })));
  const none = { invalid: new Set<string>(), opaque: [] };
  return exportManifests({ vmhost: 'v1', kinds: KINDS, objects, wanted, ...none, ...more });
}

function specOf({ items }: Exported, name: string): Record<string, unknown> {
  return items.find(({ metadata }) => metadata.name === name)?.spec as Record<string, unknown>;
}

describe('what a vmhost has, as manifests', () => {
  it('names what a Node was given in place of what its manifest leaves out, and where it is', () => {
    const spec = specOf(
      exported(lab(attachedText('w1', {}, { vmhostSelector: { matchLabels: { a: 'b' } } }))),
      'w1',
    );

    assert.deepEqual(spec['networks'], [{ network: 'k8s-net', address: '192.168.111.9', mac: entry.mac }]);
    assert.deepEqual(
      [spec['podCIDR'], spec['vmhost'], spec['vmhostSelector']],
      ['10.200.7.0/24', 'v1', undefined],
    );
  });

  it('leaves as it is what the manifest says itself, though the Node has another one still', () => {
    const own = { address: '192.168.111.20', mac: '52:54:00:00:00:20' };
    const spec = specOf(exported(lab(attachedText('w1', own, { podCIDR: '10.200.3.0/24' }))), 'w1');

    assert.deepEqual(
      [spec['networks'], spec['podCIDR']],
      [[{ network: 'k8s-net', ...own }], '10.200.3.0/24'],
    );
  });

  it('spells out no default of what was taken over', () => {
    const adopting = manifest('Node', 'w1', {
      disk: { path: '/srv/w1.qcow2' },
      networks: [{ network: 'k8s-net', mac: entry.mac }],
      policy: { adopt: true },
    });
    const { items, allow } = exported(good('a.yaml', adopting).map((object) => stored(object)));

    assert.deepEqual(specOf({ items, notes: [], allow }, 'w1'), {
      disk: { path: '/srv/w1.qcow2' },
      networks: [{ network: 'k8s-net', mac: entry.mac }],
      policy: { adopt: true },
      vmhost: 'v1',
    });
    assert.deepEqual(allow, ['Adopt', 'HostPaths']);
  });

  it('has what is here alone, in the order of the kinds, and of annotations not the copy that kubectl keeps', () => {
    const [network, node, image, far, orphan] = good(
      'lab.yaml',
      K8S_NET,
      attachedText('w1'),
      imageText('debian'),
      attachedText('far'),
      attachedText('gone'),
    );
    assert.ok(network && node && image && far && orphan);
    const copied = { ...image, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } };
    const { items, notes } = exported(
      [
        stored(node),
        stored(copied),
        stored(network),
        stored(far, { elsewhere: { vmhost: 'v2' } }),
        stored(orphan, { orphan: true }),
      ],
      { wanted: new Set() },
    );

    assert.deepEqual(
      items.map(({ kind, metadata }) => [kind, metadata]),
      [
        ['Network', { name: 'k8s-net', labels: { a: 'b' } }],
        ['Image', { name: 'debian', labels: { a: 'b' } }],
        ['Node', { name: 'w1', labels: { a: 'b' } }],
      ],
    );
    assert.deepEqual(notes, []);
  });

  it('is told with what it lacks', () => {
    const { notes } = exported(lab(attachedText('w1'), attachedText('w2')), {
      wanted: new Set(['Node/w1', 'Node/w3']),
      invalid: new Set(['Node/w1']),
      opaque: ['broken.yaml'],
    });

    assert.deepEqual(notes, [
      'node/w3 is left out: it is not there yet, or its manifest has errors',
      'node/w1 is as its last good manifest says: the one that there is has errors',
      'broken.yaml cannot be read: what it names is left out',
      'node/w2 has no address on Network "k8s-net" yet: it gets one where it is applied',
    ]);
  });
});
