import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatError } from '../../../src/api/manifest/format.ts';
import { parseManifest } from '../../../src/api/manifest/parse.ts';
import type { ManifestError } from '../../../src/api/manifest/types.ts';
import { nodeText } from './samples.ts';

/** Generous for a busy machine; without the guards these take minutes, crash the process or fill the memory. */
const QUICK_MS = 20_000;
const MEGABYTE = 1024 * 1024;

function laughs(levels: number): string {
  const names = Array.from({ length: levels }, (_, level) => `a${level}`);
  const lines = names
    .slice(1)
    .map((name, level) => `${name}: &${name} [${Array(9).fill(`*a${level}`).join(', ')}]`);
  return ['a0: &a0 [x, x, x, x, x, x, x, x, x]', ...lines].join('\n');
}

function withUserData(text: string): string {
  const head = 'apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: a}\nspec:\n';
  const spec = '  disk: {image: x}\n  networks: [{network: n}]\n  cloudInit:\n    userData:\n';
  return `${head}${spec}${text.replaceAll(/^/gm, '      ')}\n`;
}

describe('a hostile file', () => {
  const cases = [
    { name: 'lists 10,000 deep', text: '['.repeat(10_000), code: 'TooDeep' },
    { name: 'lists 1,000 deep and closed: 2 KB', text: '['.repeat(1000) + ']'.repeat(1000), code: 'TooDeep' },
    { name: 'mappings 10,000 deep', text: '{a: '.repeat(10_000), code: 'TooDeep' },
    { name: 'block lists 10,000 deep', text: '- '.repeat(10_000), code: 'TooDeep' },
    {
      name: 'block mappings 200 deep',
      text: Array.from({ length: 200 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      code: 'TooDeep',
    },
    { name: 'a billion laughs', text: withUserData(laughs(10)), code: 'TooManyAliases' },
    { name: 'a million laughs, in few levels', text: withUserData(laughs(6)), code: 'TooManyAliases' },
    { name: 'an alias within itself', text: withUserData('a: &a [*a]'), code: 'InvalidYaml' },
    { name: 'a circle of aliases', text: withUserData('a: &a {b: &b {c: *a}}'), code: 'InvalidYaml' },
    { name: 'more than a megabyte', text: '#'.repeat(MEGABYTE + 1), code: 'FileTooLarge' },
    { name: 'nothing but closing braces', text: '}'.repeat(MEGABYTE / 4), code: 'InvalidYaml' },
    { name: 'one key 10,000 times', text: 'k: 1\n'.repeat(10_000), code: 'DuplicateKey' },
    {
      name: '10,000 different keys',
      text: Array.from({ length: 10_000 }, (_, key) => `k${key}: 1`).join('\n'),
      code: 'MissingField',
    },
    { name: '5,000 documents', text: '---\n- x\n'.repeat(5000), code: 'NotAnObject' },
    { name: '20,000 documents', text: '---\n- x\n'.repeat(20_000), code: 'TooManyValues' },
    { name: '250,000 empty documents', text: '---\n'.repeat(250_000), code: 'TooManyValues' },
    {
      name: 'a megabyte of short items',
      text: 'a:\n'.concat('- a: b\n'.repeat(149_000)),
      code: 'TooManyValues',
    },
    { name: 'a megabyte of a list in one line', text: `a: [${'a,'.repeat(500_000)}]`, code: 'TooManyValues' },
    { name: 'a megabyte of closing braces', text: '}'.repeat(MEGABYTE), code: 'InvalidYaml' },
    { name: 'zero bytes', text: '\0'.repeat(1000), code: 'NotAnObject' },
  ];
  for (const { name, text, code } of cases) {
    it(`gives an error soon, and no more than a thousand: ${name}`, () => {
      const started = performance.now();
      const { objects, errors } = parseManifest('f', text);

      assert.ok(performance.now() - started < QUICK_MS);
      assert.deepEqual(objects, []);
      assert.ok(
        errors.some((error) => error.code === code),
        errors.slice(0, 3).map(formatError).join('\n'),
      );
      assert.ok(errors.length <= 1000);
    });
  }

  it('is not one that uses an anchor a hundred times', () => {
    const text = withUserData(`a: &a {b: [1, 2, 3]}\nc: [${Array(100).fill('*a').join(', ')}]`);

    assert.deepEqual(parseManifest('f', text).errors, []);
  });

  it('is not one nested as deeply as people nest', () => {
    const text = withUserData(`a: ${'['.repeat(30)}${']'.repeat(30)}`);

    assert.deepEqual(parseManifest('f', text).errors, []);
  });

  it('leaves errors elsewhere their stacks', () => {
    parseManifest('f', 'a: [');

    assert.match(new Error('x').stack ?? '', /hostile\.test/);
  });
});

function assertPlaced({ line, column, message }: ManifestError, text: string): void {
  assert.ok(line >= 1 && line <= text.split('\n').length + 1, `line ${line}`);
  assert.ok(column >= 1, `column ${column}`);
  assert.notEqual(message, '');
}

const snippets = fc.constantFrom(
  ...['apiVersion: k8slab.io/v1alpha1', 'kind: Node', 'metadata: {name: a}', 'spec:', '  disk: {image: a}'],
  ...[
    '---',
    '...',
    '- a',
    '? b',
    ': c',
    '&x',
    '*x',
    '!!str 5',
    '"',
    "'",
    '|',
    '>-',
    '{',
    '}',
    '[',
    ']',
    '%YAML 1.1',
    '#',
    '\t',
  ],
);

describe('parsing', () => {
  it('never throws on arbitrary text, and every error has a place and one line', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(snippets).map((lines) => lines.join('\n')),
        ),
        (text) => {
          for (const error of parseManifest('f', text).errors) {
            assertPlaced(error, text);
            assert.doesNotMatch(formatError(error), /[\u0000-\u001f]/);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never throws on a manifest with one piece cut out or doubled', () => {
    const whole = nodeText('a', {
      cloudInit: { files: [{ path: '/x', content: 'y' }], userData: { a: [1, { b: null }] } },
    });
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(20), fc.boolean(), (start, length, double) => {
        const piece = whole.slice(start, start + length);
        const text = `${whole.slice(0, start)}${double ? piece + piece : ''}${whole.slice(start + length)}`;
        const { objects, errors } = parseManifest('f', text);

        assert.ok(objects.length === 1 || errors.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  it('never throws on any plain data in any field', () => {
    const fields = ['apiVersion', 'kind', 'metadata', 'spec'];
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue({ maxDepth: 4 }), (field, value) => {
        const document = { ...(JSON.parse(nodeText('a')) as Record<string, unknown>), [field]: value };
        const { objects, errors } = parseManifest('f', JSON.stringify(document));

        assert.equal(objects.length + Math.min(errors.length, 1), 1);
      }),
    );
  });
});
