import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { anyJsonSchema, type JsonSchema, jsonSchema, schemaFiles } from '../../../src/api/kinds/schema.ts';

function fields(path: string, schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  const children = Object.entries((schema.items ?? schema).properties ?? {});
  return [[path, schema], ...children.flatMap(([name, child]) => fields(`${path}.${name}`, child))];
}

describe('the JSON Schemas', () => {
  for (const { path, text } of schemaFiles(KINDS)) {
    it(`in schemas/${path} are up to date (npm run schemas)`, async () => {
      assert.equal(await readFile(join(import.meta.dirname, '../../../schemas', path), 'utf8'), text);
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
