import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const LOG = join(import.meta.dirname, '../../src/daemon/log.ts');

/** What a daemon prints whose log runs `statements`. */
function printed(level: string, journald: boolean, statements: string): string[] {
  const script = `import { createLog } from ${JSON.stringify(LOG)};
    const log = createLog(${JSON.stringify(level)}, ${journald}); ${statements}`;
  const argv = ['--input-type=module', '--eval', script];
  return execFileSync(process.execPath, argv, { encoding: 'utf8' }).trimEnd().split('\n');
}

const ALL = "for (const level of ['debug', 'info', 'warn', 'error']) log[level]({ n: 1 }, level);";

describe('the log', () => {
  it('is a line of JSON per message, with its level as a word and its time', () => {
    const lines = printed('debug', false, ALL).map((line) => JSON.parse(line) as Record<string, unknown>);

    assert.deepEqual(
      lines.map(({ level, msg, n }) => [level, msg, n]),
      [
        ['debug', 'debug', 1],
        ['info', 'info', 1],
        ['warn', 'warn', 1],
        ['error', 'error', 1],
      ],
    );
    for (const { time } of lines) assert.equal(typeof time, 'number');
  });

  it('under journald carries the priority of each line, also of child loggers, and leaves the time to the journal', () => {
    const lines = printed('debug', true, `${ALL} log.child({ key: 'a' }).warn({}, 'child');`);

    assert.deepEqual(
      lines.map((line) => line.slice(0, 3)),
      ['<7>', '<6>', '<4>', '<3>', '<4>'],
    );
    const [, info, , , child] = lines.map((line) => JSON.parse(line.slice(3)) as Record<string, unknown>);
    assert.deepEqual(info, { level: 'info', n: 1, msg: 'info' });
    assert.equal(child?.['key'], 'a');
  });

  it('leaves out what is below its level', () => {
    assert.equal(printed('warn', false, ALL).length, 2);
  });

  it('never shows a secret key or a seed', () => {
    const [line = ''] = printed(
      'info',
      false,
      "log.info({ key: { privateKey: 's3cret' }, seed: { userData: 's3cret' } }, 'x');",
    );

    assert.doesNotMatch(line, /s3cret/);
  });

  it('U16: says durations to the millisecond', () => {
    const lines = printed(
      'info',
      false,
      "log.info({ seconds: 2.1935254910000004 }, 'x'); log.child({ key: 'a' }).info({ seconds: 0.0004 }, 'y');",
    );

    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { seconds: number }).seconds),
      [2.194, 0],
    );
  });
});
