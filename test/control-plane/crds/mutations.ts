import fc from 'fast-check';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { type JsonSchema, jsonSchema } from '../../../src/api/kinds/schema.ts';

export type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string };

/** A field that a kind has, `[]` for each item of a list. */
interface Field {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

const fieldsByKind = new Map(
  KINDS.manifests.map((definition) => [definition.kind as string, fieldsOf(jsonSchema(definition), [])]),
);

function fieldsOf(schema: JsonSchema, path: readonly string[]): Field[] {
  const { properties = {}, items } = schema;
  const below = Object.entries(properties).flatMap(([name, child]) => fieldsOf(child, [...path, name]));
  return [{ path, schema }, ...below, ...(items === undefined ? [] : fieldsOf(items, [...path, '[]']))];
}

/** Good manifests with one or two fields that are other, gone, twice or new. */
export function mutated(good: readonly Manifest[]): fc.Arbitrary<Manifest> {
  return fc
    .constantFrom(...good)
    .chain((manifest) =>
      fc
        .array(changeOf(manifest.kind), { minLength: 1, maxLength: 2 })
        .map((changes) => changes.reduce((one, change) => change(one), manifest)),
    );
}

type Change = (manifest: Manifest) => Manifest;

function changeOf(kind: string): fc.Arbitrary<Change> {
  const fields = (fieldsByKind.get(kind) ?? []).filter(({ path }) => path.length > 1);
  return fc.constantFrom(...fields).chain(({ path, schema }) =>
    fc.oneof(
      {
        weight: 12,
        arbitrary: valueFor(schema).map(
          (value): Change =>
            (manifest) =>
              put(manifest, path, value),
        ),
      },
      { weight: 2, arbitrary: fc.constant<Change>((manifest) => put(manifest, path, undefined)) },
      {
        weight: 1,
        arbitrary: fc.constant<Change>((manifest) => put(manifest, [...path.slice(0, -1), 'colour'], 'red')),
      },
      { weight: 2, arbitrary: fc.constant<Change>((manifest) => twice(manifest, path)) },
    ),
  );
}

function valueFor(schema: JsonSchema): fc.Arbitrary<unknown> {
  const any = fc.constantFrom<unknown>(null, true, false, 0, 'a', [], ['a'], {}, { a: 'b' });
  return fc.oneof({ weight: 9, arbitrary: fitting(schema) }, { weight: 1, arbitrary: any });
}

function fitting(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom<unknown>(...schema.enum, 'Other');
  switch (schema.type) {
    case 'string':
      return fc.constantFrom(...WORDS);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.constantFrom(...NUMBERS, ...[schema.minimum, schema.maximum].flatMap(around));
    case 'array':
      return fc.array(fitting(schema.items ?? {}), { maxLength: 3 });
    case 'object':
      return fittingObject(schema);
    default:
      return fc.constantFrom<unknown>('a', 1, null, { a: [1, null] });
  }
}

function fittingObject({ properties, additionalProperties: values }: JsonSchema): fc.Arbitrary<unknown> {
  if (properties === undefined) {
    return fc.dictionary(fc.constantFrom(...WORDS), fitting(typeof values === 'object' ? values : {}), {
      maxKeys: 2,
    });
  }
  const fields = Object.entries(properties).map(([name, child]) => [name, fitting(child)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
}

function around(limit: number | undefined): number[] {
  return limit === undefined || Math.abs(limit) > 2 ** 40 ? [] : [limit - 1, limit, limit + 1];
}

const NUMBERS = [-1, 0, 1, 1.5, 8, 24, 30, 6443, 9000, 2 ** 31, 2 ** 53, 1e20];

const WORDS = [
  ...[
    '',
    'a',
    'A',
    '-',
    'x'.repeat(64),
    'é😀',
    'a b',
    'a\nb',
    'stats',
    'main',
    'k8s-net',
    'worker',
    'no/such/x',
  ],
  ...[
    '192.168.111.1',
    '192.168.111.0',
    '192.168.111.255',
    '192.168.111.7',
    '10.0.0.1',
    '256.1.1.1',
    '01.2.3.4',
    '::1',
  ],
  ...[
    '192.168.111.0/24',
    '192.168.111.7/24',
    '192.168.110.0/23',
    '10.200.0.0/16',
    '0.0.0.0/0',
    '127.0.0.0/8',
  ],
  ...[
    '225.0.0.0/8',
    '10.0.0.0/7',
    '10.0.0.0/8',
    '10.0.0.0/30',
    '10.0.0.0/31',
    '10.0.0.0/33',
    'fd00::/64',
    '10.200.0.0/024',
  ],
  ...['192.168.111.10-192.168.111.20', '192.168.111.20-192.168.111.10', '10.0.0.1-10.0.0.2', '10.0.0.1-'],
  ...[
    '52:54:00:5e:53:fb',
    '52-54-00-5E-53-FB',
    '52:54:00:00:00:01',
    'FE:54:00:00:00:01',
    '01:00:5e:00:00:01',
  ],
  ...[
    '1Gi',
    '64Mi',
    '65535Ki',
    '1Mi',
    '1048575',
    '0',
    '1.5Gi',
    '1Pi',
    '9007199254740991',
    '9007199254740992',
    '8192Ti',
  ],
  ...[
    '/',
    '/a',
    'a/b',
    '/srv/a b.qcow2',
    '/var/lib/libvirt/images/k8slab/images/x',
    '//var/lib/./libvirt/images//k8slab/images/x/',
  ],
  ...[
    'http://a/b',
    'HTTP://a/b',
    'https://a/b',
    'https://a/b c',
    'https://a/b\u00a0c',
    'https://a',
    'ftp://a/b',
  ],
  ...[
    `sha256:${'a'.repeat(64)}`,
    `sha512:${'0'.repeat(128)}`,
    'sha256:a',
    '.',
    '..',
    '...',
    'eth0',
    '.a',
    'x'.repeat(16),
  ],
  ...[
    'k8s.example',
    'a..b',
    'a_b',
    `${'a'.repeat(63)}.b`,
    'ssh-ed25519 AAAA me',
    'ssh-ed25519 AAAA',
    'ssh-rsa é',
    '0644',
    '644',
    '0888',
  ],
  ...['cache-size=1000', 'Cache', 'log-queries', '\u0007', '\u007f', 'a\tb'],
];

/** The manifest with another value there, undefined for none; what has to be around it is made. */
function put(manifest: Manifest, path: readonly string[], value: unknown): Manifest {
  return set(manifest, path, value) as Manifest;
}

function set(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (key === '[]') {
    const list: unknown[] =
      Array.isArray(whole) && whole.length > 0 ? [...(whole as unknown[])] : [undefined];
    const last = set(list.at(-1), rest, value);
    return [...list.slice(0, -1), ...(last === undefined ? [] : [last])];
  }
  const fields = typeof whole === 'object' && whole !== null && !Array.isArray(whole) ? whole : {};
  const next = set((fields as Record<string, unknown>)[key], rest, value);
  const others = Object.entries(fields).filter(([name]) => name !== key);
  return Object.fromEntries(next === undefined ? others : [...others, [key, next]]);
}

/** The last item of the innermost list on the way, once more. */
function twice(manifest: Manifest, path: readonly string[]): Manifest {
  const list = path.lastIndexOf('[]');
  if (list === -1) return manifest;
  const way = path.slice(0, list);
  if (way.includes('[]')) return manifest;
  const found = way.reduce<unknown>(
    (whole, key) => (whole as Record<string, unknown> | undefined)?.[key],
    manifest,
  );
  const items: readonly unknown[] = Array.isArray(found) ? found : [];
  return items.length > 0 ? put(manifest, way, [...items, items.at(-1)]) : manifest;
}
