import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import { positionOf } from '../../../src/api/manifest/places.ts';
import type { ParsedObject } from '../../../src/api/manifest/types.ts';
import { served } from '../../../src/api/ownership/served.ts';
import type { KindMap } from '../../../src/api/meta.ts';
import { createStore } from '../../../src/engine/store.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { errorLines, good, manifest, nodeText } from './samples.ts';

const NOW = { lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 };
const EXAMPLES = readdirSync('manifests', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.yaml'))
  .map((path) => ({ path, text: readFileSync(`manifests/${path}`, 'utf8') }));

/** What `get -o yaml` prints of these objects: each alone, or all in a List. */
function printed(objects: readonly ParsedObject[]): { readonly each: string[]; readonly list: string } {
  const store = createStore<KindMap>({ clock: createFakeClock() });
  store.apply('Vmhost', { name: 'vmhost', spec: {}, hash: '' });
  for (const { kind, ...applied } of objects) store.apply(kind, applied);
  for (const { kind, metadata } of store.all()) {
    const conditions = [{ type: 'Ready', status: 'True', reason: 'Ready', message: '', ...NOW } as const];
    store.updateStatus(kind, metadata.name, metadata.uid, { conditions, observedGeneration: 1 });
  }
  const items = store.all().map(served);
  const list = { apiVersion: 'v1', kind: 'List', metadata: {}, items };
  return { each: items.map((item) => stringify(item)), list: stringify(list, { lineWidth: 0 }) };
}

function content(objects: readonly ParsedObject[]): unknown {
  return objects
    .map(({ kind, name, labels, annotations, hash }) => ({ kind, name, labels, annotations, hash }))
    .toSorted((a, b) => `${a.kind}/${a.name}`.localeCompare(`${b.kind}/${b.name}`));
}

describe('what get -o yaml prints', () => {
  for (const { path, text } of EXAMPLES) {
    it(`R1, U19: can be applied again, alone and as a List, and says the same: manifests/${path}`, () => {
      const objects = good(path, text);

      const { each, list } = printed(objects);

      assert.deepEqual(content(good('again.yaml', each.join('---\n'))), content(objects));
      assert.deepEqual(content(good('list.yaml', list)), content(objects));
    });
  }

  it('R1: can be applied again when it is adopted, and names no more than before', () => {
    const spec = { disk: { path: '/srv/a.qcow2' }, networks: [{ network: 'n', mac: '52:54:00:00:00:01' }] };
    const objects = good(
      'f',
      manifest('Network', 'n', { cidr: '10.0.0.0/24', policy: { adopt: true } }),
      nodeText('a', { ...spec, cpus: 2, policy: { adopt: true } }),
    );

    const again = good('again.yaml', printed(objects).list);

    assert.deepEqual(content(again), content(objects));
    assert.deepEqual(
      again.map(({ origin }) => origin),
      objects.map(({ origin }) => origin),
    );
  });
});

describe('a List', () => {
  const item = (name: string, spec: string): string =>
    `- apiVersion: k8slab.io/v1alpha1\n  kind: Image\n  metadata: {name: ${name}}\n  spec: {${spec}}\n`;
  const list = (...items: string[]): string => `apiVersion: v1\nkind: List\nitems:\n${items.join('')}`;

  it('has its errors at their places, and its other items count', () => {
    const text = list(item('a', 'source: /a'), item('b', 'sauce: /b'), item('c', 'source: /c'));

    const { objects, errors } = parseManifest('f', text);

    assert.deepEqual(
      objects.map(({ name, source }) => [name, source.line]),
      [
        ['a', 4],
        ['c', 12],
      ],
    );
    assert.deepEqual(positionOf(objects[1] ?? assert.fail(), ['spec', 'source']), { line: 15, column: 18 });
    assert.deepEqual(
      errors.map(({ line, path, object }) => [line, path, object?.name]),
      [
        [11, 'spec.source', 'b'],
        [11, 'spec.sauce', 'b'],
      ],
    );
  });

  it('that has something of its own wrong is not read in part', () => {
    const text = list(item('a', 'source: /a')).concat('kind: List\n');

    assert.deepEqual(errorLines(text), ['8:1: kind: the key is there twice, first in line 2']);
    assert.deepEqual(parseManifest('f', text).objects, []);
  });

  const broken: readonly (readonly [string, string])[] = [
    ['apiVersion: v1\nkind: List\n', '1:1: items: required field is missing'],
    ['apiVersion: v1\nkind: List\nitems: {a: 1}\n', '3:8: items: expected a list, found a mapping'],
    ['kind: List\nitems: []\n', '1:1: apiVersion: required field is missing'],
    [
      'apiVersion: v2\nkind: List\nitems: []\n',
      '1:13: apiVersion: must be v1, found "v2" (did you mean v1?)',
    ],
    [
      'apiVersion: v1\nkind: NodeList\nitems: []\n',
      '1:13: apiVersion: must be k8slab.io/v1alpha1, found "v1"',
    ],
    ['apiVersion: v1\nkind: List\nitems: []\nspec: {}\n', '4:1: spec: unknown field "spec"'],
  ];
  for (const [text, error] of broken) {
    it(`that is none is refused, and may name any object: ${error}`, () => {
      assert.deepEqual(errorLines(text), [error]);
      assert.equal(parseManifest('f', text).opaque, true);
    });
  }

  it('is known by a slip', () => {
    const text = list(item('a', 'source: /a')).replace('kind: List', 'kind: Lists');

    assert.match(errorLines(text).join(), /unknown kind "Lists" \(did you mean "List"\?\)/);
  });
});
