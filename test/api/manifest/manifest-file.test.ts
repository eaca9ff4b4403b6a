import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isManifestFile } from '../../../src/api/manifest/snapshot.ts';

describe('a file', () => {
  for (const name of ['lab.yaml', 'lab.yml', 'lab.json', 'a.b.yaml', 'dir/lab.yaml', '00-net.yaml']) {
    it(`E84: is a manifest: ${name}`, () => {
      assert.equal(isManifestFile(name), true);
    });
  }

  const others = [
    ...[
      '.lab.yaml',
      '.lab.yaml.swp',
      'lab.yaml~',
      'lab.yaml.bak',
      'lab.yaml.backup',
      'lab.yaml.tmp',
      '#lab.yaml#',
    ],
    ...[
      '.#lab.yaml',
      '4913',
      'lab.txt',
      'yaml',
      '.yaml',
      'dir/.lab.yaml',
      'lab.yaml.dpkg-new',
      '',
      'lab.yaml/',
    ],
  ];
  for (const name of others) {
    it(`E84: is none, but an editor's or somebody else's: ${JSON.stringify(name)}`, () => {
      assert.equal(isManifestFile(name), false);
    });
  }
});
