import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSortedMap } from '../../src/engine/sorted-map.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g');
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), name, value: fc.nat() }),
  fc.record({ do: fc.constant('delete' as const), name }),
  fc.constant({ do: 'values' as const }),
);

test('values are those of a map, sorted by name, and what was handed out never changes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [sorted, model] = [createSortedMap<number>(), new Map<string, number>()];
      const handedOut: { values: readonly number[]; copy: readonly number[] }[] = [];

      for (const next of steps) {
        if (next.do === 'set') {
          sorted.set(next.name, next.value);
          model.set(next.name, next.value);
        } else if (next.do === 'delete') {
          sorted.delete(next.name);
          model.delete(next.name);
        } else {
          const values = sorted.values();
          handedOut.push({ values, copy: [...values] });
          const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
          assert.deepEqual(
            values,
            expected.map(([, value]) => value),
          );
        }
        for (const { values, copy } of handedOut) assert.deepEqual(values, copy);
      }
      assert.equal(sorted.size, model.size);
    }),
  );
});
