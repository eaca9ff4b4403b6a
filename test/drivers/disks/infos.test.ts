import assert from 'node:assert/strict';
import { rename, truncate } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { exec } from '../../../src/drivers/exec.ts';
import { backing, GIB, newDisks, root, run } from './fixtures.ts';

describe('looking at a disk', () => {
  it('asks qemu-img once, and again when it was grown or stands on something else', async () => {
    const calls: string[] = [];
    const { disks } = await newDisks({
      exec: (argv, options) => {
        calls.push(argv[1] ?? '');
        return exec(argv, options);
      },
    });
    await disks.createOverlay({ node: 'a', backing });
    await disks.observe('a');
    calls.length = 0;

    await disks.observe('a');
    assert.deepEqual(calls, []);
    await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0x11 1M 64k', disks.path('a')]);
    await disks.observe('a');
    assert.deepEqual(calls, [], 'what a guest writes is no matter');
    await disks.grow('a', GIB);
    assert.equal((await disks.observe('a')).info?.virtualSize, GIB);

    const overlays = [
      await disks.chain(disks.path('a'), 'qcow2'),
      await disks.chain(disks.path('a'), 'qcow2'),
    ];
    assert.deepEqual(overlays[0], overlays[1]);
    calls.length = 0;
    await disks.chain(disks.path('a'), 'qcow2');
    assert.deepEqual(calls, []);
    await run('qemu-img', ['rebase', '-u', '-f', 'qcow2', '-b', '', disks.path('a')]);
    assert.deepEqual(await disks.chain(disks.path('a'), 'qcow2'), [disks.path('a')]);
  });

  it('tells how much it takes now, and that it was cut short', async () => {
    const { disks } = await newDisks();
    const before = await disks.createOverlay({ node: 'a', backing });
    await disks.observe('a');

    await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0x11 1M 1M', disks.path('a')]);
    const { actualSize = 0 } = (await disks.observe('a')).info ?? {};
    await truncate(disks.path('a'), 64);

    assert.ok(actualSize >= before.actualSize + 2 ** 20, `${actualSize} of ${before.actualSize}`);
    assert.equal((await disks.observe('a')).whole, false);
  });

  it('F7: names the file that it stands on, directly or not, and that is gone, until it is back', async () => {
    const { dir, disks } = await newDisks();
    const [base, middle] = [`${root}/base.qcow2`, `${root}/middle.qcow2`];
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', base, '1M']);
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', base, '-F', 'qcow2', middle]);
    await disks.createOverlay({ node: 'a', backing: { path: middle, format: 'qcow2' } });
    const lacks = async (): Promise<(string | undefined)[]> => [
      (await disks.observe('a')).info?.lacks,
      (await disks.info(`${dir}/a.qcow2`, 'qcow2')).lacks,
    ];
    assert.deepEqual(await lacks(), [undefined, undefined]);

    await rename(base, `${base}.away`);
    assert.deepEqual(await lacks(), [base, base]);
    await rename(middle, `${middle}.away`);
    assert.deepEqual(await lacks(), [middle, middle]);

    await Promise.all([base, middle].map((path) => rename(`${path}.away`, path)));
    assert.deepEqual(await lacks(), [undefined, undefined]);
  });

  it('of which a part of the chain is gone is an error: it may stand on anything', async () => {
    const { dir, disks } = await newDisks();
    await disks.createOverlay({ node: 'a', backing });
    await run('qemu-img', [
      'rebase',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'qcow2',
      '-b',
      `${dir}/none`,
      disks.path('a'),
    ]);

    await assert.rejects(disks.chain(disks.path('a'), 'qcow2'), { reason: 'DiskMissing' });
  });
});
