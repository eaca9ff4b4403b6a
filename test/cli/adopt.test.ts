import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import { adopt, printAdoption } from '../../src/cli/adopt.ts';
import { writeNewFiles } from '../../src/cli/write-new-files.ts';
import { validate } from '../../src/cli/validate.ts';
import { createLibvirt, createVirsh } from '../../src/drivers/libvirt.ts';
import { domainXml, MACHINES, tutorialNetwork } from '../api/adopt/tutorial.ts';
import { createWorld, fakeLibvirt, type World } from '../controllers/fakes.ts';

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'k8slab-adopt-'));
});
after(() => rm(dir, { recursive: true, force: true }));

function tutorial(): World {
  const world = createWorld();
  world.networks.set('k8s-net', { config: tutorialNetwork(), live: tutorialNetwork(), autostart: true });
  for (const machine of MACHINES)
    world.domains.set(machine.name, { xml: domainXml(machine), state: 'running' });
  return world;
}

describe('k8slab adopt', () => {
  it('prints one file of several documents, which is valid', async () => {
    const { files } = await adopt(fakeLibvirt(tutorial()), []);
    const path = join(dir, 'all.yaml');
    await writeFile(path, printAdoption(files));

    assert.deepEqual(await validate([path]), { errors: [], warnings: [], valid: [`${path}: 6 objects`] });
  });

  it('writes a file for each object into a directory that it makes', async () => {
    const { files } = await adopt(fakeLibvirt(tutorial()), ['k8s-net', 'master00']);
    const out = join(dir, 'new/manifests');

    const paths = await writeNewFiles(out, files);

    assert.deepEqual(paths, [join(out, 'network-k8s-net.yaml'), join(out, 'node-master00.yaml')]);
    assert.deepEqual((await validate([out])).errors, []);
  });

  it('writes none of them where one would replace a file', async () => {
    const { files } = await adopt(fakeLibvirt(tutorial()), []);
    const mine = join(dir, 'node-worker00.yaml');
    await writeFile(mine, 'mine');
    const before = await readdir(dir);

    await assert.rejects(
      writeNewFiles(dir, files),
      (error) => error instanceof ReasonedError && error.reason === 'FileExists',
    );

    assert.deepEqual(await readdir(dir), before);
    assert.equal(await readFile(mine, 'utf8'), 'mine');
  });

  it('changes nothing', async () => {
    const world = tutorial();

    await adopt(fakeLibvirt(world), []);

    assert.deepEqual(world.calls, []);
  });

  it('reads a real libvirt over a connection that can change nothing', async () => {
    const virsh = createVirsh({ uri: 'test:///default', command: ['virsh', '--readonly'] });
    const libvirt = createLibvirt({ virsh, xmlDir: dir });
    try {
      const { files } = await adopt(libvirt, []);
      assert.deepEqual(
        files.map(({ name }) => name),
        ['network-default.yaml', 'node-test.yaml'],
      );
      await assert.rejects(libvirt.setNetworkAutostart('default', true), /read only|forbidden/i);
    } finally {
      await libvirt.dispose();
    }
  });
});
