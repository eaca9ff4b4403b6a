import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decodeManifest } from '../../../src/drivers/manifest-dir/read.ts';

it('a manifest on standard input may be as long as one in a file, and not a byte longer', () => {
  assert.equal(decodeManifest('-', Buffer.from('1234'), 4), '1234');
  assert.throws(() => decodeManifest('-', Buffer.from('12345'), 4), { reason: 'ManifestTooLarge' });
});
