import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { KINDS } from '../../../src/api/kinds/list.ts';
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
    it(`in schemas/${path} are up to date (npm run schemas)`, async () => {
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

  it('combine into one for files of several documents', () => {
    const { oneOf = [], $defs = {} } = anyJsonSchema(KINDS);

    assert.deepEqual(
      Object.keys($defs),
      KINDS.manifests.map(({ kind }) => kind),
    );
    assert.deepEqual(
      oneOf.map(({ $ref }) => $ref),
      KINDS.manifests.map(({ kind }) => `#/$defs/${kind}`),
    );
  });
});
