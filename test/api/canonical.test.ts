import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, contentHash } from '../../src/api/canonical.ts';

describe('canonical JSON', () => {
  it('is equal for equal content in any order of keys, at every depth', () => {
    assert.equal(
      canonicalJson({ b: [{ y: 1, x: 2 }], a: null }),
      canonicalJson({ a: null, b: [{ x: 2, y: 1 }] }),
    );
    assert.equal(canonicalJson({ b: 1, a: 2 }), '{"a":2,"b":1}');
  });

  it('differs for lists in another order', () => {
    assert.notEqual(contentHash([1, 2]), contentHash([2, 1]));
  });

  it('does not tell a field left out from one that is undefined', () => {
    assert.equal(contentHash({ a: 1, b: undefined }), contentHash({ a: 1 }));
  });

  it('loses nothing of plain data', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
