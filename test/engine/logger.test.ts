import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { Logger } from '../../src/engine/logger.ts';

test("pino's logger is a Logger, children included", () => {
  const lines: string[] = [];
  const logger: Logger = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(line) });

  logger.child({ controller: 'node' }).warn({ key: 'master00' }, 'pass failed');

  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    level: 40,
    controller: 'node',
    key: 'master00',
    msg: 'pass failed',
  });
});
