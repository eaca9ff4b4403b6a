import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import { createLab, type Bed } from '../bed.ts';

function setOff(bed: Bed, name: string): void {
  const { xml = '' } = bed.world.domains.get(name) ?? {};
  bed.world.domains.set(name, { xml, state: 'shutoff', autostart: true });
}

describe('a guest that shall run and is off', () => {
  it('C6: starts though its seed is gone: it is written anew under the name that the definition has', async () => {
    const bed = await createLab('a');
    const [seed = ''] = [...bed.world.files.keys()].filter((file) => file.startsWith('/seeds/'));
    bed.world.files.delete(seed);
    setOff(bed, 'a');
    bed.apply('Node', 'a', { cloudInit: { commands: ['echo other'] } });
    await bed.clock.advance(1000);

    await bed.converge();

    assert.deepEqual(bed.world.calls, ['writeSeed a', 'startDomain a']);
    assert.ok(bed.world.files.has(seed));
    assert.equal(bed.condition(['Node', 'a'], 'CloudInitDrifted')?.status, 'True');
  });

  it('U7: that libvirt refuses to start says why, as long as it is so, and starts once it is not', async () => {
    const bed = await createLab('a');
    const why = 'cannot run virsh command "start": cannot set up guest memory';
    bed.world.broken.set('startDomain', new ReasonedError('OperationFailed', why));
    setOff(bed, 'a');
    await bed.clock.advance(1000);

    await assert.rejects(bed.pass('Node', 'a'), /cannot set up guest memory/);
    await bed.pass('Node', 'a');

    assert.equal(bed.ready('Node', 'a'), 'False StartFailed');
    assert.match(bed.condition(['Node', 'a'], 'Ready')?.message ?? '', /cannot set up guest memory/);
    assert.equal(bed.condition(['Node', 'a'], 'Synced')?.status, 'False');
    bed.world.broken.delete('startDomain');
    await bed.clock.advance(10_000);
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'True Ready');
  });

  it('stops saying so once it was started and stopped by itself', async () => {
    const bed = await createLab('a');
    bed.world.broken.set('startDomain', new ReasonedError('OperationFailed', 'refused'));
    setOff(bed, 'a');
    await bed.clock.advance(1000);
    await assert.rejects(bed.pass('Node', 'a'));
    bed.world.broken.delete('startDomain');
    bed.world.guests.clear();
    await bed.clock.advance(10_000);
    await bed.pass('Node', 'a');
    setOff(bed, 'a');
    await bed.clock.advance(1000);

    await bed.pass('Node', 'a');

    assert.equal(bed.ready('Node', 'a'), 'False StartBackOff');
  });

  it('F7: that runs without a file that its disk stands on runs on and is Ready, and that is told', async () => {
    const bed = await createLab('a');
    bed.world.disks.set('a', { exists: true, ours: true, whole: true, lacks: '/images/debian.qcow2' });

    await bed.converge();

    assert.deepEqual([bed.ready('Node', 'a'), bed.world.calls], ['True Ready', []]);
    assert.equal(bed.condition(['Node', 'a'], 'DiskMissing')?.reason, 'BackingFileMissing');
  });

  it('F6: without its disk is not started, which is told at once, also while it shall be off', async () => {
    const bed = await createLab('a');
    bed.world.disks.set('a', { exists: false, ours: true, whole: false });
    setOff(bed, 'a');
    await bed.clock.advance(1000);

    await bed.converge();
    assert.deepEqual([bed.ready('Node', 'a'), bed.world.calls], ['False DiskMissing', []]);
    bed.apply('Node', 'a', { power: 'Stopped' });
    await bed.converge();
    assert.deepEqual(
      [bed.ready('Node', 'a'), bed.world.calls],
      ['False DiskMissing', ['setDomainAutostart a']],
    );

    bed.world.disks.clear();
    await bed.converge();
    assert.equal(bed.ready('Node', 'a'), 'False StorageMissing');
  });
});
