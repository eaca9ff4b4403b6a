import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { CLOUD_INIT_QUERY, parseCloudInit } from '../../../src/api/node/cloud-init-result.ts';

function v1(fields: Record<string, unknown>): string {
  return JSON.stringify({ v1: fields });
}

describe('what cloud-init says of itself', () => {
  const cases: readonly [
    what: string,
    code: number,
    stdout: string,
    done: boolean,
    errors: string[],
    detail: RegExp,
  ][] = [
    ['a result without errors', 0, v1({ datasource: 'x', errors: [] }), true, [], /done/],
    ['a result with errors', 0, v1({ errors: ['a', { b: 1 }] }), true, ['a', '{"b":1}'], /done/],
    ['a result that is half written', 0, '{"v1": {"err', false, [], /not whole/],
    ['an empty result', 0, '', false, [], /not whole/],
    ['a status with a stage', 3, v1({ stage: 'modules-final' }), false, [], /at modules-final/],
    ['a status between stages', 3, v1({ stage: null }), false, [], /not done/],
    ['no status yet', 3, '', false, [], /not done/],
    ['something else altogether', 0, '[1]', false, [], /not whole/],
    ['null', 0, 'null', false, [], /not whole/],
    ['a shell that failed', 127, 'sh: not found', false, [], /not done/],
  ];

  for (const [what, code, stdout, done, errors, detail] of cases) {
    it(`E58: is ${done ? '' : 'not '}done for ${what}`, () => {
      const result = parseCloudInit({ code, stdout });

      assert.deepEqual([result.done, result.errors], [done, errors]);
      assert.match(result.detail, detail);
    });
  }

  it('cannot overflow the stack', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);

    const { errors } = parseCloudInit({ code: 0, stdout: `{"v1": {"errors": ["a", ${deep}]}}` });

    assert.deepEqual(errors, ['a', 'an error that cannot be shown']);
  });

  it('is not read beyond what cloud-init ever writes', () => {
    const stdout = `{"v1": {"errors": ["${'a'.repeat(300_000)}"]}}`;

    const detail = 'what cloud-init says of itself is too long';
    assert.deepEqual(parseCloudInit({ code: 0, stdout }), { done: false, errors: [], detail });
  });
});

describe('the question', () => {
  it('is one that a plain sh understands, and exits with 3 while there is no result', () => {
    const [program = '', ...args] = CLOUD_INIT_QUERY;

    execFileSync(program, ['-n', ...args]);
    assert.equal(
      spawnSync(
        program,
        args.map((arg) => arg.replaceAll('/run/', '/nonexistent/')),
      ).status,
      3,
    );
  });
});
