import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { filesNotedAnew } from '../../../src/api/manifest/notes.ts';
import { emptySnapshot, nextSnapshot } from '../../../src/api/manifest/snapshot.ts';
import { networkText, nodeText } from './samples.ts';

describe('what the Vmhost says of the manifests', () => {
  it('is the same after an edit of a good file, and another one when a file breaks or is mended', () => {
    const network = { path: 'a.yaml', text: networkText('k8s-net') };
    const listings = [
      [network],
      [network, { path: 'b.yaml', text: nodeText('master00') }],
      [network, { path: 'b.yaml', text: 'kind: [' }],
      [network, { path: 'b.yaml', text: nodeText('master00', { cpus: 3 }) }],
    ];

    let before = emptySnapshot;
    const anew = listings.map((files) => {
      const after = nextSnapshot(before, { files });
      const other = filesNotedAnew(before, after);
      before = after;
      return other;
    });

    assert.deepEqual(anew, [false, false, true, true]);
  });
});
