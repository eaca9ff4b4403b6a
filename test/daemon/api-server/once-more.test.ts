import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createOnceMore } from '../../../src/daemon/api-server/once-more.ts';

it('catches up once each time that it may be acted again, and never while it may not', () => {
  let may = false;
  let times = 0;
  const hint = createOnceMore(
    () => may,
    () => (times += 1),
  );
  const after = (now: boolean): number => {
    may = now;
    hint();
    return times;
  };
  assert.deepEqual([false, true, true, false, false, true].map(after), [0, 1, 1, 1, 1, 2]);
});
