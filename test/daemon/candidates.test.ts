import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { daemonConfig } from '../../src/api/daemon-config.ts';
import type { PlannedObject } from '../../src/api/disruption/action.ts';
import { candidateSnapshot, planCandidates, type PlanWorld } from '../../src/daemon/candidates.ts';
import { createLibvirtCache } from '../../src/drivers/libvirt/cache.ts';
import { emptySnapshot, nextSnapshot } from '../../src/api/manifest/snapshot.ts';
import type { Drivers } from '../../src/daemon/wiring.ts';

import { imageText, networkText, nodeText } from '../api/manifest/samples.ts';
import { createLab, type Bed } from '../controllers/bed.ts';
import { fakeDrivers } from '../controllers/drivers.ts';
import { fakeLibvirt } from '../controllers/fakes.ts';
import { createMemory } from '../../src/engine/memory.ts';

const NETWORK = networkText('k8s-net', { domain: 'k8s-thw.local', bridge: { name: 'virbr1' } });
const FILES = { 'net.yaml': NETWORK, 'image.yaml': imageText('debian'), 'a.yaml': nodeText('a') };

function worldOf({ world, clock }: Bed): PlanWorld {
  const libvirt = fakeLibvirt(world);
  const drivers: Partial<Drivers> = {
    ...fakeDrivers(world, clock),
    libvirt,
    view: createLibvirtCache({ libvirt, clock }).view,
  };
  const hostFiles = { hosts: '', inventory: '', sshConfig: '' };
  const config = daemonConfig.parse({ hostFiles, state: '/nonexistent' });
  const identity = { privateKey: '', publicKey: 'ssh-ed25519 AAAAdaemon k8slabd' };
  return { config, clock, identity, memory: createMemory(), drivers: drivers as Drivers };
}

/** `Kind/name: actions` of what would be done about guests, networks and images, if these were the files. */
async function plan(
  bed: Bed,
  files: Record<string, string>,
  beside?: Record<string, string>,
): Promise<string[]> {
  const others =
    beside === undefined ? {} : { beside: nextSnapshot(emptySnapshot, { files: textsOf(beside) }) };
  const snapshot = await candidateSnapshot({ files: textsOf(files), ...others }, bed.clock);
  const planned = await planCandidates(worldOf(bed), bed.store, snapshot, new AbortController().signal);
  return planned.filter(({ kind }) => kind !== 'Vmhost').map(brief);
}

function textsOf(files: Record<string, string>): { path: string; text: string }[] {
  return Object.entries(files).map(([path, text]) => ({ path, text }));
}

function brief({ kind, name, actions, waiting, later = [], error }: PlannedObject): string {
  const steps = [...actions, ...later].map(({ type }) => type).join(' ');
  return `${kind}/${name}: ${[steps, waiting?.reason, error].filter((part) => part !== undefined && part !== '').join('; ')}`;
}

describe('a plan for files', () => {
  it('that say what is, is nothing', async () => {
    const bed = await createLab('a');

    assert.deepEqual(await plan(bed, FILES), ['Network/k8s-net: ', 'Image/debian: ', 'Node/a: ']);
  });

  it('is what is done once the directory has them, and changes nothing by itself', async () => {
    const bed = await createLab('a');
    const before = JSON.stringify(bed.store.all());

    const planned = await plan(bed, { ...FILES, 'b.yaml': nodeText('b') });

    assert.deepEqual(planned, [
      'Network/k8s-net: DefineNetwork WriteHostFiles ReloadDnsmasq',
      'Image/debian: ',
      'Node/a: ',
      'Node/b: CreateDisk WriteSeed DefineDomain StartDomain; ReservationNotLive',
    ]);
    assert.deepEqual([bed.world.calls, JSON.stringify(bed.store.all())], [[], before]);
    bed.apply('Node', 'b');
    await bed.converge();
    const done = bed.world.calls.filter((call) => !call.startsWith('writeFile'));
    assert.deepEqual(done, [
      'defineNetwork k8s-net',
      'writeHostFiles k8s-net',
      'reload k8s-net',
      'createOverlay b',
      'writeSeed b',
      'defineDomain b',
      'setDomainAutostart b',
      'startDomain b',
      'reload k8s-net',
    ]);
  });

  it('shows what would be removed with them, and what that costs; nothing is', async () => {
    const bed = await createLab('a', 'b');

    const planned = await plan(bed, FILES);

    assert.equal(planned.at(-1), 'Node/b: ShutdownDomain RemoveSeed UndefineDomain');
    assert.deepEqual(bed.world.calls, []);
    assert.equal(bed.object('Node', 'b').metadata.deletionTimestamp, undefined);
  });

  it('shows removals as held that would be', async () => {
    const bed = await createLab('a');

    const planned = await plan(bed, { 'c.yaml': nodeText('c') });

    assert.deepEqual(
      planned.filter((line) => line.startsWith('Node/a')),
      ['Node/a: ShutdownDomain RemoveSeed UndefineDomain; RemovalHeld'],
    );
  });

  it('that contradict each other does nothing for those that do', async () => {
    const bed = await createLab('a');

    const planned = await plan(bed, { ...FILES, 'twin.yaml': nodeText('a', { cpus: 2 }) });

    assert.equal(planned.at(-1), 'Node/a: Conflict');
  });
});

describe('a plan for files beside what there is', () => {
  it('removes nothing: what none of them names stays as it is', async () => {
    const bed = await createLab('a');

    const planned = await plan(bed, { 'b.yaml': nodeText('b') }, FILES);

    assert.deepEqual(planned, [
      'Network/k8s-net: DefineNetwork WriteHostFiles ReloadDnsmasq',
      'Image/debian: ',
      'Node/a: ',
      'Node/b: CreateDisk WriteSeed DefineDomain StartDomain; ReservationNotLive',
    ]);
  });

  it('takes an object of theirs for the one of that name, whatever the files are called', async () => {
    const bed = await createLab('a', 'b');
    const there = { ...FILES, 'b.yaml': nodeText('b') };

    for (const path of ['a.yaml', '/root/other.yaml']) {
      const planned = await plan(bed, { [path]: nodeText('a', { cpus: 2 }) }, there);
      assert.deepEqual(
        planned.filter((line) => line.startsWith('Node')),
        ['Node/a: DefineDomain; RestartRequired', 'Node/b: '],
      );
    }
  });

  it('leaves the others of a file that held several objects', async () => {
    const bed = await createLab('a', 'b');
    const { 'a.yaml': a, ...rest } = FILES;
    const there = { ...rest, 'both.yaml': `${a}\n---\n${nodeText('b')}` };

    const planned = await plan(bed, { 'both.yaml': a }, there);

    assert.deepEqual(
      planned.filter((line) => line.startsWith('Node')),
      ['Node/a: ', 'Node/b: '],
    );
  });

  it('tells of contradictions between them and what stays', async () => {
    const bed = await createLab('a');
    const address = [{ network: 'k8s-net', address: '192.168.111.2' }];
    const there = { ...FILES, 'a.yaml': nodeText('a', { networks: address }) };

    const planned = await plan(bed, { 'b.yaml': nodeText('b', { networks: address }) }, there);

    assert.match(planned.at(-1) ?? '', /^Node\/b: .*Conflict/);
  });
});
