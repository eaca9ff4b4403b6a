import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findValues, textOf } from '../../../../src/cli/jsonpath/evaluate.ts';
import { parseRelaxedPath } from '../../../../src/cli/jsonpath/parse.ts';
import type { Column } from '../../../../src/api/kinds/columns.ts';
import { customResourceDefinition } from '../../../../src/api/kinds/crd/crd.ts';
import type { StructuralSchema } from '../../../../src/api/kinds/crd/structural.ts';
import type { JsonSchema } from '../../../../src/api/kinds/json-schema.ts';
import { KINDS } from '../../../../src/api/kinds/list.ts';
import { celPattern } from '../../../../src/api/kinds/rules.ts';
import { jsonSchema } from '../../../../src/api/kinds/schema.ts';
import type { Kind } from '../../../../src/api/meta.ts';

interface Crd {
  readonly spec: {
    readonly versions: readonly [{ readonly schema: { readonly openAPIV3Schema: StructuralSchema } }];
  };
}

function schemaOf(kind: Kind): StructuralSchema {
  return (customResourceDefinition(KINDS.get(kind)) as Crd).spec.versions[0].schema.openAPIV3Schema;
}

/** Every field by its path, the schema itself first. */
function fields(path: string, schema: StructuralSchema): (readonly [string, StructuralSchema])[] {
  const { properties = {}, items, additionalProperties: values } = schema;
  return [
    [path, schema],
    ...Object.entries(properties).flatMap(([name, child]) =>
      fields(path === '' ? name : `${path}.${name}`, child),
    ),
    ...(items === undefined ? [] : fields(`${path}[]`, items)),
    ...(values === undefined ? [] : fields(`${path}{}`, values)),
  ];
}

function defaultedFields(path: string, schema: JsonSchema): string[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    defaultedFields(path === '' ? name : `${path}.${name}`, child),
  );
  return schema.default === undefined || schema.type === 'object' ? below : [path, ...below];
}

describe('the CustomResourceDefinitions', () => {
  it('select objects by texts that they have', () => {
    const selected = KINDS.manifests.flatMap(({ kind, selectable = [] }) => {
      const known = new Map(fields('', schemaOf(kind)));
      return selectable.map((field) => [`${kind} ${field}`, known.get(field)?.type]);
    });

    assert.deepEqual(Object.fromEntries(selected), {
      'Node spec.role': 'string',
      'Node spec.vmhost': 'string',
      'Node status.vmhost': 'string',
      'LoadBalancer spec.node': 'string',
    });
  });

  for (const { kind, columns, manifest } of KINDS.manifests) {
    it(`put each rule of ${kind} at a field that there is`, () => {
      const rules = fields('', schemaOf(kind)).flatMap(([path, schema]) =>
        (schema['x-kubernetes-validations'] ?? []).map(({ rule }) => `${path}: ${rule}`),
      );

      for (const { at, rule } of manifest.rules ?? [])
        assert.ok(rules.includes(`${at}: ${rule}`), `${at}: ${rule}`);
    });

    it(`say what each field of ${kind} is, for kubectl explain`, () => {
      const silent = fields('', schemaOf(kind)).filter(
        ([path, { description }]) => description === undefined && !/^(|metadata.*)$|(\[\]|\{\})$/.test(path),
      );

      assert.deepEqual(
        silent.map(([path]) => path),
        [],
      );
    });

    it(`have no default of ${kind} that would order an adopted object to change, and all others`, () => {
      const defaulted = defaultedFields('', jsonSchema(KINDS.get(kind) as never).properties?.['spec'] ?? {});
      const inServer = new Map(fields('', schemaOf(kind)));
      const left = defaulted.filter((field) => inServer.get(`spec.${field}`)?.default === undefined);

      assert.deepEqual(
        left.toSorted(),
        askedForWhenAdopted(kind)
          .filter((field) => defaulted.includes(field))
          .toSorted(),
      );
    });

    it(`show what k8slab get shows of ${kind}, where they can`, () => {
      for (const column of columns as readonly Column<unknown>[]) {
        const { jsonPath, name } = column;
        if (jsonPath === undefined) continue;
        const field = jsonPath.split('.').slice(1);
        const object = field.reduceRight<unknown>((inner, part) => ({ [part]: inner }), 'here');
        const whole = { metadata: {}, spec: {}, status: {}, ...(object as object) };

        assert.equal(
          findValues(parseRelaxedPath(jsonPath), whole).map(textOf).join(),
          column.cell(whole),
          name,
        );
      }
    });
  }
});

/** The fields that `adopt.ts` asks whether a manifest names them. */
function askedForWhenAdopted(kind: Kind): string[] {
  if (kind !== 'Node' && kind !== 'Network') return [];
  const path = join(import.meta.dirname, `../../../../src/api/${kind.toLowerCase()}/adopt.ts`);
  return [
    ...new Set(
      [...readFileSync(path, 'utf8').matchAll(/named\('([^']+)'\)/g)].map(([, field = '']) => field),
    ),
  ];
}

describe('a list that grows with the lab', () => {
  it('is one field to an API server: who owns which item would be as much again, and be looked up at each write', () => {
    const lists = new Map(fields('', schemaOf('Network')));

    assert.equal(lists.get('status.allocations')?.['x-kubernetes-list-type'], 'atomic');
  });
});

describe('a regular expression for an API server', () => {
  it('means in Go what it means in JavaScript', () => {
    assert.equal(celPattern(/^\/[^\0\n]*$/.source), String.raw`^/[^\x00\n]*$`);
    assert.equal(celPattern(String.raw`[\u0000-\u0008]`), String.raw`[\x{0000}-\x{0008}]`);
    assert.match(celPattern(/\S/.source), /^\[\^.*x\{a0\}/);
  });

  it('is refused where Go has none such', () => {
    for (const pattern of ['(?!a)b', '(?<=a)b', String.raw`(a)\1`])
      assert.throws(() => celPattern(pattern), RangeError);
  });
});
