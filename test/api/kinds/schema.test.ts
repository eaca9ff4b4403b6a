import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MANIFEST_KINDS } from '../../../src/api/meta.ts';
import { anyJsonSchema, type JsonSchema, jsonSchema, schemaFiles } from '../../../src/api/kinds/schema.ts';

function fields(path: string, schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  const children = Object.entries((schema.items ?? schema).properties ?? {});
  return [[path, schema], ...children.flatMap(([name, child]) => fields(`${path}.${name}`, child))];
}

describe('the JSON Schemas', () => {
  for (const { path, text } of schemaFiles()) {
    it(`in schemas/${path} are up to date (npm run schemas)`, async () => {
      assert.equal(await readFile(join(import.meta.dirname, '../../../schemas', path), 'utf8'), text);
    });
  }

  for (const kind of MANIFEST_KINDS) {
    it(`describe every field of ${kind}, since explain prints them`, () => {
      const silent = fields(kind, jsonSchema(kind)).filter(
        ([, { description = '' }]) => !/^[A-Z].*\.$/.test(description),
      );

      assert.deepEqual(
        silent.map(([path]) => path),
        [],
      );
    });

    it(`refuse unknown fields at every level of ${kind}`, () => {
      const open = fields(kind, jsonSchema(kind))
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
      for (const [, { pattern }] of fields(kind, jsonSchema(kind))) {
        if (pattern !== undefined) assert.ok(new RegExp(pattern, 'u'));
      }
    });
  }

  it('ask only for what a user must write', () => {
    const { spec } = jsonSchema('Node').properties ?? {};

    assert.deepEqual(spec?.required, ['disk', 'networks']);
  });

  it('combine into one for files of several documents', () => {
    const { oneOf = [], $defs = {} } = anyJsonSchema();

    assert.deepEqual(Object.keys($defs), [...MANIFEST_KINDS]);
    assert.deepEqual(
      oneOf.map(({ $ref }) => $ref),
      MANIFEST_KINDS.map((kind) => `#/$defs/${kind}`),
    );
  });
});
