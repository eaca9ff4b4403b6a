import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import type { KindMap } from '../../../src/api/meta.ts';
import { createStore } from '../../../src/engine/store.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { anyJsonSchema, type JsonSchema, jsonSchema, schemaFiles } from '../../../src/api/kinds/schema.ts';

type Field = readonly [string, JsonSchema];

/** A field and all within it; each form that it may have counts as the field. */
function fields(path: string, schema: JsonSchema): readonly Field[] {
  const { description, properties = {}, oneOf = [], anyOf = [] } = schema.items ?? schema;
  const children = Object.entries(properties).flatMap(([name, child]) => fields(`${path}.${name}`, child));
  const forms = [...oneOf, ...anyOf].flatMap((form) =>
    fields(path, { ...(description && { description }), ...form }),
  );
  return [[path, schema], ...children, ...forms];
}

const SCHEMAS = join(import.meta.dirname, '../../../schemas');

function unknown(value: object, known: object): string[] {
  return Object.keys(value).filter((field) => !Object.hasOwn(known, field));
}

describe('the JSON Schemas', () => {
  for (const { path, text } of schemaFiles(KINDS)) {
    it(`in schemas/${path} are up to date (npm run generate)`, async () => {
      assert.equal(await readFile(join(SCHEMAS, path), 'utf8'), text);
    });
  }

  for (const definition of KINDS.manifests) {
    const { kind } = definition;
    it(`describe every field of ${kind}, since explain prints them`, () => {
      const silent = fields(kind, jsonSchema(definition)).filter(
        ([, { description = '' }]) => !/^[A-Z].*\.$/.test(description),
      );

      assert.deepEqual(
        silent.map(([path]) => path),
        [],
      );
    });

    it(`refuse unknown fields at every level of ${kind}`, () => {
      const open = fields(kind, jsonSchema(definition))
        .map(([path, schema]) => [path, schema.items ?? schema] as const)
        .filter(
          ([, { properties, additionalProperties }]) =>
            properties !== undefined && additionalProperties !== false,
        );

      assert.deepEqual(
        open.map(([path]) => path),
        [],
      );
    });

    it(`have patterns for ${kind} that editors can compile`, () => {
      for (const [, { pattern }] of fields(kind, jsonSchema(definition))) {
        if (pattern !== undefined) assert.doesNotThrow(() => new RegExp(pattern, 'u'), pattern);
      }
    });
  }

  it('U19: take what `get -o yaml` prints, which is a manifest too', async () => {
    const store = createStore<KindMap>({ clock: createFakeClock() });
    store.apply('Node', {
      name: 'a',
      spec: {} as never,
      hash: '',
      labels: { a: 'b' },
      annotations: { c: 'd' },
    });
    store.terminate('Node', 'a');
    const printed = store.get('Node', 'a');
    assert.ok(printed);
    const all = anyJsonSchema(KINDS).$defs?.Node;
    const one = JSON.parse(
      await readFile(join(SCHEMAS, 'k8slab.io/v1alpha1/node.json'), 'utf8'),
    ) as JsonSchema;

    for (const schema of [all, one]) {
      const { metadata, ...properties } = schema?.properties ?? {};
      assert.deepEqual(unknown({ ...printed, metadata: undefined }, { metadata: {}, ...properties }), []);
      assert.deepEqual(unknown(printed.metadata, metadata?.properties ?? {}), []);
    }
  });

  it('ask only for what a user must write', () => {
    const node = KINDS.manifest('Node');
    assert.ok(node);
    const { spec } = jsonSchema(node).properties ?? {};

    assert.deepEqual(spec?.required, ['disk', 'networks']);
  });

  it('combine into one for every document that a file may hold', () => {
    const { oneOf = [], $defs = {} } = anyJsonSchema(KINDS);
    const forms = [...KINDS.all.map(({ kind }) => kind), 'List', 'KindList'];

    assert.deepEqual(Object.keys($defs), forms);
    assert.deepEqual(
      oneOf.map(({ $ref }) => $ref),
      forms.map((form) => `#/$defs/${form}`),
    );
  });
});

describe('the JSON Schema of all kinds and the parser', () => {
  const ours = { apiVersion: 'k8slab.io/v1alpha1' };
  const image = { ...ours, kind: 'Image', metadata: { name: 'a' }, spec: { source: '/a' } };
  const host = { ...ours, kind: 'Vmhost', metadata: { name: 'h', uid: 'u' }, spec: {}, status: {} };
  const list = { apiVersion: 'v1', kind: 'List', items: [image] };
  const good: Readonly<Record<string, unknown>> = {
    'an object': image,
    'an object as it is served': { ...image, metadata: { name: 'a', uid: 'u' }, status: {} },
    'the Vmhost': host,
    'a List': { ...list, metadata: { resourceVersion: '' } },
    'an empty List': { ...list, items: [] },
    'a List with the Vmhost': { ...list, items: [image, host] },
    'a List in a List': { ...list, items: [list] },
    'an ImageList': { ...ours, kind: 'ImageList', metadata: null, items: [image] },
    'a VmhostList': { ...ours, kind: 'VmhostList', items: [host] },
  };
  const bad: Readonly<Record<string, unknown>> = {
    'an unknown kind': { ...image, kind: 'Pod' },
    'an unknown field': { ...image, source: '/a' },
    'a Vmhost of another version': { ...host, apiVersion: 'v1' },
    'a List without a version': { kind: 'List', items: [image] },
    'a List of a version of ours': { ...list, ...ours },
    'an ImageList of another version': { ...list, kind: 'ImageList' },
    'a List without items': { apiVersion: 'v1', kind: 'List' },
    'a List whose items are none': { ...list, items: image },
    'a List with a spec': { ...list, spec: {} },
    'a List of something else': { ...list, items: [image, { ...image, kind: 'Pod' }] },
    'a List of nothing': { ...list, items: [null] },
    'a PodList': { ...ours, kind: 'PodList', items: [] },
  };

  for (const [expected, documents] of [
    [true, good],
    [false, bad],
  ] as const) {
    for (const [name, document] of Object.entries(documents)) {
      it(`${expected ? 'take' : 'refuse'} ${name}`, () => {
        const schema = z.fromJSONSchema(anyJsonSchema(KINDS) as Parameters<typeof z.fromJSONSchema>[0]);

        const parsed = parseManifest('f', JSON.stringify(document)).errors.length === 0;

        assert.deepEqual(
          { schema: schema.safeParse(document).success, parsed },
          { schema: expected, parsed: expected },
        );
      });
    }
  }
});
