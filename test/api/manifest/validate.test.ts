import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { good, imageText, networkText, nodeText } from './samples.ts';

describe('a good object', () => {
  it('has no issues: the check that parsing runs can be run again', () => {
    for (const object of good('f', networkText('a'), imageText('b'), nodeText('c'))) {
      assert.deepEqual(KINDS.manifest(object.kind)?.manifest.check(object.spec), []);
    }
  });
});
