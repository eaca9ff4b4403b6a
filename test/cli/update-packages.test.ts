import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ReasonedError } from '../../src/api/errors.ts';
import type { UpdateEvent, UpdateSelection } from '../../src/api/node/package-updates.ts';
import { updatePackages } from '../../src/cli/update-packages.ts';
import { createPackageUpdates } from '../../src/controllers/node/package-updates.ts';
import { boot } from '../controllers/bed.ts';
import { fakePackages } from '../controllers/haproxy-fakes.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
  lab.bed.apply('Node', 'b', { role: 'worker' });
  lab.bed.apply('Node', 'c', { role: 'master' });
  lab.bed.apply('Node', 'off', { power: 'Stopped' });
  await lab.bed.converge();
  boot(lab.bed, 'c');
  await lab.bed.converge();
});
beforeEach(() => {
  lab.bed.world.calls.length = 0;
  lab.bed.world.broken.clear();
});
after(() => lab.close());

async function run(selection: UpdateSelection = {}): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await updatePackages(lab.client, selection, (line) => lines.push(line));
  return { code, lines };
}

/** The Nodes whose packages were touched, in their order. */
function updated(): string[] {
  return lab.bed.world.calls.flatMap((call) => {
    const [what, address] = call.split(' ');
    const node = lab.bed.store.list('Node').find(({ status }) => status.address === address);
    return what === 'update' && node !== undefined ? [node.metadata.name] : [];
  });
}

describe('update-packages', () => {
  it('updates one guest after the other, role by role, and leaves out those that shall be off', async () => {
    const { code, lines } = await run();

    assert.equal(code, 0);
    assert.deepEqual(updated(), ['a', 'c', 'b']);
    assert.deepEqual(lines, [
      'off: skipped, it is to be off',
      'a: updating (1 of 3)',
      'a: updated in 0 s',
      'c: updating (2 of 3)',
      'c: updated in 0 s',
      'b: updating (3 of 3)',
      'b: updated in 0 s',
      '3 updated',
    ]);
  });

  it('updates those of a role, or those named', async () => {
    await run({ role: 'master' });
    await run({ nodes: ['b', 'a'] });

    assert.deepEqual(updated(), ['c', 'a', 'b']);
  });

  it('stops at the first failure, and says what was not tried', async () => {
    lab.bed.world.broken.set('update', new ReasonedError('UpdateFailed', 'cannot update packages: no space'));

    const { code, lines } = await run();

    assert.equal(code, 1);
    assert.deepEqual(updated(), ['a']);
    assert.deepEqual(lines.slice(-2), [
      'a: failed: cannot update packages: no space',
      '0 updated, 1 failed (a), 2 not tried (c, b)',
    ]);
  });

  it('fails at a guest that does not answer', async () => {
    const { address = '' } = lab.bed.object('Node', 'a').status;
    const answer = lab.bed.world.guests.get(address);
    lab.bed.world.guests.delete(address);
    await lab.bed.converge();

    const { code, lines } = await run({ nodes: ['a'] });

    assert.equal(code, 1);
    assert.match(lines.join('\n'), /a: failed: cannot reach/);
    assert.deepEqual(updated(), []);
    if (answer !== undefined) lab.bed.world.guests.set(address, answer);
    await lab.bed.converge();
  });

  it('says that there is no such Node or role', async () => {
    await assert.rejects(run({ nodes: ['x'] }), { reason: 'NotFound', message: /no Node "x"/ });
    await assert.rejects(run({ role: 'x' }), { reason: 'NotFound', message: /role "x"/ });
    assert.deepEqual(updated(), []);
  });

  it('runs once at a time, and begins with no further guest when nobody listens any more', async () => {
    const { store, world, clock } = lab.bed;
    const updates = createPackageUpdates({ store, packages: fakePackages(world), clock });
    const events: UpdateEvent[] = [];
    const begin = updates.prepare({});
    assert.throws(() => updates.prepare({}), { reason: 'AlreadyRunning' });

    await begin(
      (event) => events.push(event),
      () => updated().length === 2,
    );

    assert.deepEqual(events.at(-1), { type: 'finished', updated: ['a', 'c'], left: ['b'] });
    updates.prepare({});
  });
});
