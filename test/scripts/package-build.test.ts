import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildPackage } from '../../scripts/package.ts';

/** The package itself, as Debian's own tools see it. */
describe('the package that is built', () => {
  const directory = mkdtempSync(join(tmpdir(), 'k8slab-deb-'));
  const tree = join(directory, 'tree');
  let deb: string;
  before(async () => {
    deb = await buildPackage({ directory, compression: 'gzip' });
    assert.equal(spawnSync('dpkg-deb', ['-x', deb, tree]).status, 0);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('leaves lintian nothing to say that its overrides do not explain', () => {
    const argv = ['--pedantic', '--display-info', deb];
    const { status, stdout, stderr } = spawnSync('lintian', argv, { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [0, ''], stderr);
  });

  it('has documents whose links lead to what it installs', () => {
    const doc = join(tree, 'usr/share/doc/k8slab');
    const pages = globSync('**/*.md', { cwd: doc });
    const links = pages.flatMap((page) =>
      [...readFileSync(join(doc, page), 'utf8').matchAll(/\]\(([^)\s#]+)/g)].map(([, target = '']) =>
        join(dirname(page), target),
      ),
    );
    const broken = links.filter((path) => !/^[a-z]+:/.test(path) && !existsSync(join(doc, path)));
    assert.deepEqual([broken, links.length > 50], [[], true]);
  });

  it('has manuals without a warning of man', () => {
    for (const page of ['man1/k8slab.1', 'man5/k8slab-manifests.5', 'man8/k8slabd.8']) {
      const argv = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', join(tree, `usr/share/man/${page}.gz`)];
      const env = { ...process.env, MANROFFSEQ: '', MANWIDTH: '80' };
      const { status, stderr } = spawnSync('man', argv, { encoding: 'utf8', env });
      assert.deepEqual([status, stderr], [0, ''], page);
    }
  });
});
