import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildPackage } from '../../scripts/package.ts';

/** The package itself, as Debian's own tools see it. */
describe('the package that is built', () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8slab-deb-'));
  let deb: string;
  before(async () => {
    deb = await buildPackage({ directory, compression: 'gzip' });
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('leaves lintian nothing to say that its overrides do not explain', () => {
    const { stdout } = spawnSync('lintian', ['--pedantic', '--display-info', deb], { encoding: 'utf8' });
    assert.equal(stdout, '');
  });

  it('has manuals without a warning of man', () => {
    const tree = join(directory, 'tree');
    assert.equal(spawnSync('dpkg-deb', ['-x', deb, tree]).status, 0);
    for (const page of ['man1/k8slab.1', 'man5/k8slab-manifests.5', 'man8/k8slabd.8']) {
      const argv = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', join(tree, `usr/share/man/${page}.gz`)];
      const env = { ...process.env, MANROFFSEQ: '', MANWIDTH: '80' };
      const { status, stderr } = spawnSync('man', argv, { encoding: 'utf8', env });
      assert.deepEqual([status, stderr], [0, ''], page);
    }
  });
});
