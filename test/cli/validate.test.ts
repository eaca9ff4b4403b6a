import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { validate } from '../../src/cli/validate.ts';
import { imageText, manifest, networkText, nodeText } from '../api/manifest/samples.ts';

let root: string;
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'k8slab-validate-'));
});
after(() => rm(root, { recursive: true, force: true }));

async function directory(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(root, 'd-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

describe('k8slab validate', () => {
  it('counts the objects of each good file, and takes files and directories', async () => {
    const dir = await directory({
      'lab.yaml': `${networkText('k8s-net')}\n---\n${imageText('debian')}`,
      'n.yaml': nodeText('a'),
    });
    const other = await directory({ 'b.yaml': nodeText('b') });

    const { errors, valid } = await validate([dir, join(other, 'b.yaml')]);
    assert.deepEqual(
      { errors, valid },
      {
        errors: [],
        valid: [`${dir}/lab.yaml: 2 objects`, `${dir}/n.yaml: 1 object`, `${other}/b.yaml: 1 object`].sort(),
      },
    );
  });

  it('takes no file of a directory that the daemon would not take', async () => {
    const dir = await directory({
      'a.yaml': nodeText('a'),
      'a.yaml~': 'x: [',
      '.b.yaml': 'x: [',
      'readme.md': '# x',
    });

    const { errors, valid } = await validate([dir]);
    assert.deepEqual([errors, valid], [[], [`${dir}/a.yaml: 1 object`]]);
  });

  it('takes a named file whatever its name', async () => {
    const dir = await directory({ manifest: nodeText('a') });

    assert.deepEqual((await validate([join(dir, 'manifest')])).valid, [`${dir}/manifest: 1 object`]);
  });

  it('names file, line, column and field of each error, and finds errors between files', async () => {
    const mac = { networks: [{ network: 'k8s-net', mac: '52:54:00:00:00:01' }] };
    const dir = await directory({
      'a.yaml': nodeText('a', { ...mac, cpuz: 1 }),
      'b.yaml': nodeText('b', mac),
      'c.yaml': nodeText('c', mac),
    });

    const { errors, valid } = await validate([dir]);

    assert.match(errors[0] ?? '', /a\.yaml:1:\d+: spec\.cpuz: .*"?cpus/);
    assert.equal(errors.filter((line) => /[bc]\.yaml:1:\d+: spec\.networks\[0\]\.mac/.test(line)).length, 2);
    assert.deepEqual(valid, []);
  });

  it('of a path that is not there, and of a directory without manifests, is an error', async () => {
    await assert.rejects(validate([join(root, 'none')]), {
      reason: 'CannotRead',
      message: /^cannot read manifests ".*none"/,
    });
    await assert.rejects(validate([await directory({ 'readme.md': '' })]), { reason: 'NoManifests' });
  });

  it('U9: warns of references to what is in none of the files, with the nearest name', async () => {
    const lb = manifest('LoadBalancer', 'api', {
      node: 'lb00',
      frontends: [{ name: 'main', port: 6443, backend: { role: 'master', port: 6443 } }],
    });
    const dir = await directory({
      'a.yaml': nodeText('a', { disk: { image: 'debain' } }),
      'b.yaml': nodeText('b', { disk: { cloneOf: 'c' }, role: 'worker' }),
      'i.yaml': imageText('debian'),
      'lb.yaml': lb,
    });

    const { errors, warnings } = await validate([dir]);

    assert.deepEqual(errors, []);
    assert.deepEqual(
      warnings.map((line) => line.replace(/^.*\/([a-z]+\.yaml):\d+:\d+: /, '$1 ')),
      [
        'a.yaml spec.disk.image: no manifest has the Image "debain" (did you mean "debian"?)',
        'a.yaml spec.networks[0].network: no manifest has the Network "k8s-net"',
        'b.yaml spec.disk.cloneOf: no manifest has the Node "c" (did you mean "a"?)',
        'b.yaml spec.networks[0].network: no manifest has the Network "k8s-net"',
        'lb.yaml spec.node: no manifest has the Node "lb00"',
        'lb.yaml spec.frontends[0].backend.role: no manifest of a Node has the role "master"',
      ],
    );
  });

  it('F8: reads files as the daemon does: no Latin-1, a byte order mark, at most 1 MiB, folders too', async () => {
    const dir = await directory({ 'bom.yaml': `\ufeff${nodeText('a')}` });
    await mkdir(join(dir, 'more'));
    await writeFile(join(dir, 'more/latin1.yaml'), Buffer.from(`# caf\xe9\n${nodeText('b')}`, 'latin1'));
    await writeFile(join(dir, 'more/large.yaml'), '#'.repeat(1024 * 1024 + 1));

    const { errors, valid } = await validate([dir]);

    assert.deepEqual(valid, [`${dir}/bom.yaml: 1 object`]);
    assert.equal(errors.length, 2);
    assert.match(errors[0] ?? '', /large\.yaml:1:1: cannot read the file: .*more than 1048576 bytes/);
    assert.match(errors[1] ?? '', /latin1\.yaml:1:1: cannot read the file: .*it is not UTF-8 text/);
  });
});
