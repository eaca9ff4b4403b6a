import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ReasonedError } from '../../../src/api/errors.ts';
import { findValues, renderTemplate } from '../../../src/cli/jsonpath/evaluate.ts';
import { parseRelaxedPath, parseTemplate } from '../../../src/cli/jsonpath/parse.ts';

/** The input of kubectl's own documentation of JSONPath. */
const DOCUMENTED = {
  kind: 'List',
  items: [
    {
      kind: 'None',
      metadata: { name: '127.0.0.1', labels: { 'kubernetes.io/hostname': '127.0.0.1' } },
      status: { capacity: { cpu: '4' }, addresses: [{ type: 'LegacyHostIP', address: '127.0.0.1' }] },
    },
    {
      kind: 'None',
      metadata: { name: '127.0.0.2' },
      status: {
        capacity: { cpu: '8' },
        addresses: [
          { type: 'LegacyHostIP', address: '127.0.0.2' },
          { type: 'another', address: '127.0.0.3' },
        ],
      },
    },
  ],
  users: [
    { name: 'myself', user: {} },
    { name: 'e2e', user: { username: 'admin', password: 'secret' } },
  ],
};

function render(template: string, root: unknown = DOCUMENTED): string {
  return renderTemplate(parseTemplate(template), root);
}

describe("kubectl's JSONPath", () => {
  const documented: readonly [template: string, printed: string][] = [
    ['kind is {.kind}', 'kind is List'],
    ['{.kind}', 'List'],
    ["{['kind']}", 'List'],
    ['{.users[0].name}', 'myself'],
    ['{..name}', '127.0.0.1 127.0.0.2 myself e2e'],
    ['{.items[*].metadata.name}', '127.0.0.1 127.0.0.2'],
    ['{.users[0:1].name}', 'myself'],
    ["{.items[*]['metadata.name', 'status.capacity']}", '127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"}'],
    ['{.users[?(@.name=="e2e")].user.password}', 'secret'],
    [
      '{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}',
      '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] ',
    ],
    ['{range .items[*]}{.metadata.name}{"\\t"}{end}', '127.0.0.1\t127.0.0.2\t'],
    ['{.items[0].metadata.labels.kubernetes\\.io/hostname}', '127.0.0.1'],
    [
      '{range .items[*]}{.metadata.name}{"\\t"}{.status.capacity}{"\\n"}{end}',
      '127.0.0.1\t{"cpu":"4"}\n127.0.0.2\t{"cpu":"8"}\n',
    ],
  ];
  for (const [template, printed] of documented) {
    it(`prints ${template} as documented`, () => {
      assert.equal(render(template), printed);
    });
  }

  const others: readonly [template: string, printed: string][] = [
    ['{.users[-1].name}', 'e2e'],
    ['{.users[-1:].name}', 'e2e'],
    ['{.users[::2].name}', 'myself'],
    ['{.users[0,1].name}', 'myself e2e'],
    ['{.users.*.name}', 'myself e2e'],
    ['{$.kind}{@.kind}', 'ListList'],
    ['{.kind} {.nothing.at.all}', 'List '],
    ["{.items[0].metadata.labels['kubernetes.io/hostname']}", '127.0.0.1'],
    ["{.items[0].metadata.labels['kubernetes\\.io/hostname']}", '127.0.0.1'],
    [
      '{range .items[*]}{range .status.addresses[*]}{.address},{end};{end}',
      '127.0.0.1,;127.0.0.2,127.0.0.3,;',
    ],
    ['{range .items[*]}{$.kind}{end}', 'ListList'],
    ["{.users[?(@.name!='e2e')].name}", 'myself'],
    ['{.users[?(@.user.password)].name}', 'e2e'],
    ["{.items[*].status.addresses[?(@.type=='another')].address}", '127.0.0.3'],
    ['{.users[?(@.name==$.users[1].name)].name}', 'e2e'],
    ['{.kind}{"}"}{\'{x}\'}', 'List}{x}'],
    ['{"a\\"b"}', 'a"b'],
    ['{1}{true}', '1true'],
    ['{.users[0]}{range .users[0]}{.}{@.name}{end}', '{"name":"myself","user":{}}'.repeat(2) + 'myself'],
    ['', ''],
  ];
  for (const [template, printed] of others) {
    it(`prints ${template || 'nothing'} as ${JSON.stringify(printed)}`, () => {
      assert.equal(render(template), printed);
    });
  }

  it('compares numbers as numbers and never two things of different types', () => {
    const root = { n: [{ v: 9 }, { v: 10 }, { v: '10' }, {}] };

    assert.equal(render('{.n[?(@.v>=10)].v}', root), '10');
    assert.equal(render('{.n[?(@.v==10)].v}', root), '10');
    assert.equal(render('{.n[?(@.v<10)].v}', root), '9');
  });

  const wrong: readonly [template: string, why: RegExp][] = [
    ['{.kind', /not closed/],
    ['{range .items[*]}x', /no \{end\}/],
    ['{end}', /no range/],
    ['{kind}', /unrecognized identifier kind .*/],
    ['{.users[x]}', /invalid array index/],
    ['{.users[0}', /array index|expected/],
    ['{"x}', /quote is not closed/],
    ['{.users[?(@.a==1 && @.b==2)]}', /no && and/],
    ['{.users[::0]}', /step/],
    ['{.users[9]}', /out of bounds/],
    ['{.kind[0]}', /not a list/],
  ];
  for (const [template, why] of wrong) {
    it(`refuses ${template}`, () => {
      assert.throws(() => render(template), { reason: 'BadTemplate', message: why });
    });
  }

  it('ends for every text: with a value, or with an error that says why', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '.',
      '[',
      ']',
      '?(',
      ')',
      '@',
      '"',
      "'",
      'range ',
      'end',
      '*',
      '0',
      ':',
    );
    const template = fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 12 });
    fc.assert(
      fc.property(template, (parts) => {
        try {
          render(parts.join(''));
        } catch (error) {
          assert.ok(error instanceof ReasonedError, String(error));
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe('a path without braces', () => {
  for (const text of [
    '.metadata.name',
    'metadata.name',
    '{.metadata.name}',
    '{metadata.name}',
    '$.metadata.name',
  ]) {
    it(`may be written ${text}`, () => {
      assert.deepEqual(findValues(parseRelaxedPath(text), { metadata: { name: 'a' } }), ['a']);
    });
  }

  it('is refused where it is none', () => {
    for (const text of ['', '.', '{}', '.a b'])
      assert.throws(() => parseRelaxedPath(text), { reason: 'BadTemplate' }, text);
  });
});
