import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDueTimes } from '../../src/engine/due-times.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, at: fc.nat(50) }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constant('take' as const), now: fc.nat(50) }),
);

test('keys are taken out in the order of their last times, whatever was set and deleted before', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const due = createDueTimes<string>();
      const model = new Map<string, number>();

      for (const next of steps) {
        if (next.do === 'set') {
          due.set(next.key, next.at);
          model.set(next.key, next.at);
        } else if (next.do === 'delete') {
          due.delete(next.key);
          model.delete(next.key);
        } else {
          const expected = [...model].filter(([, at]) => at <= next.now);
          const taken = due.takeDue(next.now);
          const times = taken.map((each) => model.get(each));
          assert.deepEqual(
            times,
            times.toSorted((a = 0, b = 0) => a - b),
          );
          assert.deepEqual(taken.toSorted(), expected.map(([each]) => each).toSorted());
          for (const each of taken) model.delete(each);
        }
        assert.equal(due.next(), model.size === 0 ? undefined : Math.min(...model.values()));
        for (const [each, at] of model) assert.equal(due.get(each), at);
      }
    }),
  );
});

test('a key whose time is set again and again takes no more room than one', () => {
  const due = createDueTimes<string>();

  for (let at = 100_000; at > 0; at -= 1) due.set('a', at);

  assert.deepEqual(due.takeDue(100_000), ['a']);
  assert.equal(due.next(), undefined);
});
