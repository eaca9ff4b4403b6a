import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { emptySnapshot, nextSnapshot } from '../../../src/api/manifest/snapshot.ts';
import { parseBytes } from '../../../src/api/quantity.ts';
import { CATALOGUE, findImage } from '../../../src/cli/init/catalogue.ts';
import { firstManifests, imageName, type Choices } from '../../../src/cli/init/manifests.ts';
import { validate } from '../../../src/cli/validate.ts';
import { firstLabChoices } from './first-lab.ts';

const directory = join(import.meta.dirname, '../../../manifests/first-lab');
const GIB = 1024 ** 3;

function read(choices: Choices): ReturnType<typeof nextSnapshot> {
  const files = firstManifests(choices).map(({ name, text }) => ({ path: name, text }));
  return nextSnapshot(emptySnapshot, { files });
}

describe('the manifests of a first lab', () => {
  for (const image of CATALOGUE) {
    for (const [masters, workers, loadBalancer] of [
      [1, 2, true],
      [3, 0, false],
      [1, 0, true],
    ] as const) {
      it(`of ${image.id}, ${masters} masters and ${workers} workers pass validate --strict`, () => {
        const { errors, warnings, objects } = read(
          firstLabChoices({ image, masters, workers, loadBalancer }),
        );

        assert.deepEqual([...errors, ...warnings], []);
        assert.equal(objects.length, 2 + masters + workers + (loadBalancer ? 2 : 0));
      });
    }
  }

  it('say what was chosen', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 "me" at: home # one';
    const checksum = `sha512:${'a'.repeat(128)}`;
    const { errors, objects } = read(
      firstLabChoices({ uplink: 'wlan0', authorizedKeys: [key], checksum, domain: 'k8s.example' }),
    );

    assert.deepEqual(errors, []);
    const image = objects.find(({ kind }) => kind === 'Image');
    const network = objects.find((object) => object.kind === 'Network');
    const nodes = objects.filter((object) => object.kind === 'Node');
    assert.deepEqual(image?.spec, { source: findImage('debian-13').source, checksum });
    assert.deepEqual([network?.spec.forward.dev, network?.spec.domain], ['wlan0', 'k8s.example']);
    for (const { spec } of nodes) assert.deepEqual(spec.ssh.authorizedKeys, [key]);
  });

  it('leave a laptop of 16 GiB a third of its memory', () => {
    for (const image of CATALOGUE) {
      const { objects } = read(firstLabChoices({ image }));
      const memory = objects.flatMap((object) =>
        object.kind === 'Node' ? [parseBytes(object.spec.memory)] : [],
      );
      const sum = memory.reduce((total, bytes) => total + bytes, 0);
      assert.ok(sum <= (16 * GIB * 2) / 3, `${image.id}: ${sum / GIB} GiB`);
    }
  });

  it('are those of manifests/first-lab, which pass validate --strict', async () => {
    const files = firstManifests(firstLabChoices());
    const { errors, warnings } = await validate([directory]);

    assert.deepEqual(readdirSync(directory).sort(), files.map(({ name }) => name).sort());
    for (const { name, text } of files) assert.equal(readFileSync(join(directory, name), 'utf8'), text, name);
    assert.deepEqual([...errors, ...warnings], []);
  });
});

describe('the catalogue', () => {
  it('has each image over https, with a list beside it', () => {
    for (const image of CATALOGUE) {
      const [source, list] = [new URL(image.source), new URL(image.checksums)];
      assert.deepEqual([source.protocol, list.host], ['https:', source.host], image.id);
      assert.equal(new URL('.', list).href, new URL('.', source).href, image.id);
    }
  });

  it('has names that say what they are, of images and of objects', () => {
    assert.equal(new Set(CATALOGUE.map(imageName)).size, CATALOGUE.length);
    assert.throws(() => findImage('debian13'), { reason: 'UnknownImage', hint: 'did you mean "debian-13"?' });
    assert.throws(() => findImage('toString'), { reason: 'UnknownImage' });
  });
});
