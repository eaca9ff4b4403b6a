import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseFieldSelector, type SelectableFields } from '../../../src/api/selectors/fields.ts';
import { parseLabelSelector } from '../../../src/api/selectors/labels.ts';

const OBJECTS: readonly Record<string, string>[] = [
  {},
  { zone: 'a' },
  { zone: 'b', rank: '3' },
  { zone: '', 'example.com/tier': 'web', rank: '10' },
];

describe('a label selector', () => {
  const cases: readonly [string, readonly number[]][] = [
    ['', [0, 1, 2, 3]],
    ['  ', [0, 1, 2, 3]],
    ['zone', [1, 2, 3]],
    ['!zone', [0]],
    ['! zone', [0]],
    ['zone=a', [1]],
    ['zone == a', [1]],
    ['zone!=a', [0, 2, 3]],
    ['zone=', [3]],
    ['zone in (a,b)', [1, 2]],
    ['zone in (a)', [1]],
    ['zone in (,b)', [2, 3]],
    ['zone notin (a, b)', [0, 3]],
    ['zone in (a,b),rank', [2]],
    ['zone=b,rank=3', [2]],
    ['rank>3', [3]],
    ['rank<10', [2]],
    ['example.com/tier=web', [3]],
    ['constructor', []],
    ['!toString', [0, 1, 2, 3]],
  ];
  for (const [selector, meant] of cases) {
    it(`"${selector}" means what kubectl means by it`, () => {
      const matches = parseLabelSelector(selector) ?? (() => true);

      assert.deepEqual(
        OBJECTS.flatMap((labels, index) => (matches(labels) ? [index] : [])),
        meant,
      );
    });
  }

  for (const selector of [
    ',',
    'a,',
    '=a',
    'a=b=c',
    'a in',
    'a in (b',
    'a in b',
    'a b',
    'a=b c',
    '!',
    'a>b',
    '-a',
    'a=-b',
    '(a)',
    'a=ü',
  ]) {
    it(`"${selector}" is a bad request`, () => {
      assert.throws(() => parseLabelSelector(selector), {
        reason: 'BadRequest',
        message: /unable to parse requirement/,
      });
    });
  }
});

describe('a field selector', () => {
  interface Named {
    readonly name: string;
    readonly type?: string;
  }
  const fields: SelectableFields<Named> = { 'metadata.name': ({ name }) => name, type: ({ type }) => type };
  const objects: readonly Named[] = [{ name: 'a', type: 'Normal' }, { name: 'b' }, { name: 'c,=\\d' }];
  const cases: readonly [string, readonly string[]][] = [
    ['', ['a', 'b', 'c,=\\d']],
    ['metadata.name=a', ['a']],
    ['metadata.name==a', ['a']],
    ['metadata.name!=a', ['b', 'c,=\\d']],
    ['metadata.name=a,type!=Normal', []],
    ['type=', ['b', 'c,=\\d']],
    ['type!=Normal,metadata.name!=b', ['c,=\\d']],
    ['metadata.name=c\\,\\=\\\\d', ['c,=\\d']],
  ];
  for (const [selector, meant] of cases) {
    it(`"${selector}" means what kubectl means by it`, () => {
      const matches = parseFieldSelector(selector, fields) ?? (() => true);

      assert.deepEqual(
        objects.filter(matches).map(({ name }) => name),
        meant,
      );
    });
  }

  it('of a field that is not known, or that is none, is a bad request', () => {
    for (const [selector, message] of [
      ['spec.role=master', 'field label not supported: spec.role'],
      ['toString=a', 'field label not supported: toString'],
      ['name', "invalid selector: 'name'; can't understand 'name'"],
    ] as const)
      assert.throws(() => parseFieldSelector(selector, fields), { reason: 'BadRequest', message });
  });
});
