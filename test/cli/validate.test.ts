import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { validate } from '../../src/cli/validate.ts';
import { imageText, networkText, nodeText } from '../api/manifest/samples.ts';

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

    assert.deepEqual(await validate([dir, join(other, 'b.yaml')]), {
      errors: [],
      valid: [`${dir}/lab.yaml: 2 objects`, `${dir}/n.yaml: 1 object`, `${other}/b.yaml: 1 object`].sort(),
    });
  });

  it('takes no file of a directory that the daemon would not take', async () => {
    const dir = await directory({
      'a.yaml': nodeText('a'),
      'a.yaml~': 'x: [',
      '.b.yaml': 'x: [',
      'readme.md': '# x',
    });

    assert.deepEqual(await validate([dir]), { errors: [], valid: [`${dir}/a.yaml: 1 object`] });
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
});
