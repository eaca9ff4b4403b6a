import { z } from 'zod';
import { API_GROUP, API_VERSION } from '../../meta.ts';
import type { JsonSchema } from '../json-schema.ts';
import { namesOf, type Kinds, type ManifestKindDefinition } from '../kinds.ts';
import { celPattern, celString } from '../rules.ts';
import type { Policy, PolicyRule } from './policy.ts';

/**
 * What a CustomResourceDefinition cannot say of a manifest: how the keys of a mapping look, which cost too much there, and what
 * annotations there may be.
 */
export function manifestsPolicy({ manifests }: Kinds): Policy {
  return {
    name: 'k8slab-manifests',
    apiGroup: API_GROUP,
    apiVersion: API_VERSION.slice(API_GROUP.length + 1),
    resources: manifests.map((each) => namesOf(each).plural),
    operations: ['CREATE', 'UPDATE'],
    rules: [RESERVED, ...manifests.flatMap(keyRules)],
  };
}

const RESERVED: PolicyRule = {
  expression: `object.metadata.?annotations.orValue({}).all(key, !key.matches(${celString(`^([^/]*\\.)?${API_GROUP.replace('.', '\\.')}/`)}))`,
  message: `metadata.annotations: ${API_GROUP}/ is reserved for k8slab itself: leave it out`,
};

function keyRules(definition: ManifestKindDefinition): PolicyRule[] {
  const { kind, manifest } = definition;
  return mappingsIn(z.toJSONSchema(manifest.spec, { io: 'input' }) as JsonSchema, ['spec']).map(
    ({ path, pattern }) => ({
      expression: `object.kind != '${kind}' || ${holdsAt(['object', ...path], celPattern(pattern))}`,
      message: `${path.join('.').replaceAll('.[]', '[]')}: ${KEY}`,
    }),
  );
}

/** As the schema says it of labels. */
const KEY =
  'a label is named by letters, digits, "-", "_" and ".", at most 63, such as zone or example.com/zone';

interface Mapping {
  /** `[]` stands for each item of a list. */
  readonly path: readonly string[];
  /** Of its keys. */
  readonly pattern: string;
}

function mappingsIn(schema: JsonSchema, path: readonly string[]): Mapping[] {
  const { properties = {}, items, propertyNames } = schema;
  const own = propertyNames?.pattern === undefined ? [] : [{ path, pattern: propertyNames.pattern }];
  const below = Object.entries(properties).flatMap(([name, child]) => mappingsIn(child, [...path, name]));
  return [...own, ...below, ...(items === undefined ? [] : mappingsIn(items, [...path, '[]']))];
}

/** CEL: whether the keys of all mappings at the path match. */
function holdsAt([root = '', ...path]: readonly string[], pattern: string): string {
  const list = path.indexOf('[]');
  const before = list === -1 ? path : path.slice(0, list);
  const found = `${root}${before.map((field) => `.?${field}`).join('')}`;
  if (list === -1) return `${found}.orValue({}).all(key, key.matches(${celString(pattern)}))`;
  return `${found}.orValue([]).all(each, ${holdsAt(['each', ...path.slice(list + 1)], pattern)})`;
}
