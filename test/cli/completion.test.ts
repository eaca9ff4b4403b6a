import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { complete, completionScript } from '../../src/cli/completion.ts';
import type { Client } from '../../src/cli/client.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
});
after(() => lab.close());

const nobody: Client = {
  get: () => assert.fail('asked the daemon'),
  post: () => assert.fail('asked the daemon'),
  stream: () => assert.fail('asked the daemon'),
};

describe('what may come next', () => {
  const cases: readonly [words: string[], expected: string[]][] = [
    [['ge'], ['get']],
    [['a'], ['adopt']],
    [['v'], ['validate', 'verify', 'version']],
    [['u'], ['update-packages']],
    [['get', 'im'], ['images', 'img', 'image'].sort()],
    [
      ['get', '-o', ''],
      ['wide', 'yaml', 'json', 'name'],
    ],
    [['get', 'nodes', '--output', 'y'], ['yaml']],
    [['plan', '-o', ''], ['json']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['validate', ''], []],
    [['plan', 'x'], []],
    [['ssh', '-t', 'a', ''], []],
    [['unknown', ''], []],
  ];
  for (const [words, expected] of cases) {
    it(`after "${words.join(' ')}" is ${expected.join(' ') || 'a file, or nothing'}`, async () => {
      assert.deepEqual((await complete(nobody, words)).sort(), expected.toSorted());
    });
  }

  it('after a kind are the names of its objects, also when options stand between', async () => {
    for (const words of [
      ['get', 'kn', ''],
      ['get', '-o', 'wide', 'nodes', ''],
      ['get', 'nodes', 'a', ''],
    ]) {
      assert.deepEqual(await complete(lab.client, words), ['a', 'b'], words.join(' '));
    }
    assert.deepEqual(await complete(lab.client, ['get', 'nodes', 'b']), ['b']);
  });

  it('after what is done with guests are their names, of one guest or of several', async () => {
    for (const command of ['console', 'logs', 'restart', 'ssh', 'start', 'stop', 'top', 'verify'])
      assert.deepEqual(await complete(lab.client, [command, '']), ['a', 'b'], command);
    assert.deepEqual(await complete(lab.client, ['restart', 'a', '']), ['a', 'b']);
  });

  it('after explain are kinds, once', async () => {
    assert.ok((await complete(nobody, ['explain', 'n'])).includes('node'));
    assert.deepEqual(await complete(nobody, ['explain', 'node', '']), []);
  });
});

describe('a completion script', () => {
  it('for bash is one that bash takes, and completes with', () => {
    const script = `k8slab() { echo "$*" | tr ' ' '\\n' | tail -n +2; }
      ${completionScript('bash')}
      COMP_WORDS=(k8slab get n) COMP_CWORD=2; _k8slab; echo "\${COMPREPLY[*]}"`;

    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });

    assert.deepEqual([stdout, stderr], ['n\n', '']);
  });

  for (const shell of ['zsh', 'fish']) {
    it(`for ${shell} asks k8slab itself`, () => {
      assert.match(completionScript(shell), /k8slab __complete/);
    });
  }

  it('for another shell is refused, also for what every object of JavaScript has', () => {
    for (const shell of ['csh', 'toString', ''])
      assert.throws(() => completionScript(shell), { reason: 'BadArgument' });
  });
});
