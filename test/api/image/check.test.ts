import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complaints, imageText } from '../manifest/samples.ts';

describe('an Image', () => {
  it('over http needs a checksum, over https or from a file it does not', () => {
    const checksum = `sha256:${'0'.repeat(64)}`;

    assert.deepEqual(complaints(imageText('i', { source: 'http://mirror.example/a.qcow2' })), [
      'spec.source: an http URL needs a checksum (add spec.checksum or use https)',
    ]);
    for (const spec of [
      { source: 'http://mirror.example/a', checksum },
      { source: 'https://mirror.example/a' },
      {},
    ]) {
      assert.deepEqual(complaints(imageText('i', spec)), []);
    }
  });
});
