import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Exported } from '../../src/api/placement/export.ts';
import { exportRemarks, fetchExport, printExport, writeExport } from '../../src/cli/export.ts';
import { validate } from '../../src/cli/validate.ts';
import { imageText, networkText } from '../api/manifest/samples.ts';
import { serveLab, type Served } from './bed.ts';

const ITEMS = [networkText('k8s-net', { domain: 'on.local' }), imageText('debian')].map(
  (text) => JSON.parse(text) as Exported['items'][number],
);

describe('k8slab export', () => {
  let lab: Served;
  let dir: string;
  before(async () => {
    lab = await serveLab();
    lab.exported = { items: ITEMS, notes: [], allow: [] };
    dir = await mkdtemp(join(tmpdir(), 'k8slab-export-'));
  });
  after(async () => {
    await lab.close();
    await rm(dir, { recursive: true });
  });

  it('prints valid manifests, one behind the other', async () => {
    const path = join(dir, 'all.yaml');
    await writeFile(path, printExport(await fetchExport(lab.client)));

    assert.deepEqual(await validate([path]), { errors: [], warnings: [], valid: [`${path}: 2 objects`] });
  });

  it('writes a file for each object into a directory that it makes', async () => {
    const out = join(dir, 'new/manifests');
    const paths = await writeExport(out, await fetchExport(lab.client));

    assert.deepEqual(paths, [join(out, 'network-k8s-net.yaml'), join(out, 'image-debian.yaml')]);
    assert.deepEqual((await validate([out])).errors, []);
  });

  it('writes none beside other manifests, which may name the same objects', async () => {
    const before = await readdir(dir);

    await assert.rejects(writeExport(dir, lab.exported), { reason: 'DirectoryInUse' });

    assert.deepEqual(await readdir(dir), before);
  });

  it('quotes what a reader of YAML 1.1, such as kubectl, would take for no word', () => {
    const [network] = ITEMS;
    assert.ok(network);
    const labelled = { ...network, metadata: { name: 'k8s-net', labels: { spare: 'yes', disk: 'off' } } };

    assert.match(printExport({ items: [labelled], notes: [], allow: [] }), /spare: "yes"\n {4}disk: "off"/);
  });

  it('says what is missing, and what the vmhost must allow', () => {
    assert.deepEqual(exportRemarks({ items: [], notes: ['a'], allow: ['Adopt', 'HostPaths'] }), [
      'nothing to export',
      'a',
      'with an API server, k8slabd.yaml of this vmhost needs source.allow: [Adopt, HostPaths]',
    ]);
  });
});
