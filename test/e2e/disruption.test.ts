import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Lab } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';
import {
  allReady,
  applyManifests,
  bootTutorialLab,
  getObject,
  mutatingCalls,
  OUTSIDE,
  tutorialManifests,
  untilCondition,
} from './bed.ts';
import { tellOfGuestsOnFailure } from './failure.ts';
import { expectOneGap, startPing, type Gaps } from './gaps.ts';
import { readyAt } from './node-bed.ts';
import type { NodeStatus } from '../../src/api/node/object.ts';

const LOADBALANCER = '192.168.111.248';
const WORKER00 = '192.168.111.98';
const GUESTS = ['loadbalancer', 'master00', 'master01', 'master02', 'worker00'];
const MORE = Array.from({ length: 10 }, (_, index) => `more${index}`);

function small(name: string): string {
  return `apiVersion: k8slab.io/v1alpha1\nkind: Node\nmetadata: {name: ${name}}\nspec:\n  memory: 160Mi\n  disk: {image: guest}\n  networks: [{network: k8s-net}]\n`;
}

function manifest(name: string): string {
  return tutorialManifests().get(`${name}.yaml`) ?? '';
}

interface Felt {
  /** Between two guests that the change is not about. */
  readonly between: Gaps;
  /** From a guest to an address beyond the NAT. */
  readonly outside: Gaps;
  /** From the vmhost to a guest. */
  readonly vmhost: Gaps;
  /** What the vmhost's journal says of that time. */
  readonly journal: string;
}

/** The five guests of the tutorial ping each other, the outside and the vmhost while things change around them. */
describe('what guests feel', () => {
  let lab: Lab;
  before(async () => {
    lab = await bootTutorialLab({ name: 'e2e-disruption' });
  });
  after(() => lab.down());
  tellOfGuestsOnFailure(() => lab);

  async function feel(what: string, change: () => Promise<void>): Promise<Felt> {
    const since = (await lab.must(['date', '+@%s'])).trim();
    const stop = await Promise.all([
      startPing(lab, 'loadbalancer', WORKER00),
      startPing(lab, 'worker00', OUTSIDE),
      startPing(lab, undefined, LOADBALANCER),
    ]);
    await change();
    const [between, outside, vmhost] = await Promise.all(stop.map((end) => end()));
    assert.ok(between && outside && vmhost);
    const felt = { between, outside, vmhost };
    const columns = Object.entries(felt).map(
      ([where, { lost, sent, longestSeconds }]) =>
        `${where} ${lost} of ${sent} lost${lost === 0 ? '' : ` (${longestSeconds.toFixed(2)} s)`}`,
    );
    console.log(`# ${what}: ${columns.join(', ')}`);
    return {
      ...felt,
      journal: await lab.must(['journalctl', '--no-pager', '-o', 'short-precise', '-S', since]),
    };
  }

  /** Also for what the vmhost sends. */
  function oneGapToTheOutside({ between, outside, vmhost, journal }: Felt): void {
    assert.equal(between.lost, 0);
    for (const gap of [outside, vmhost]) expectOneGap(gap, journal);
  }

  function nothing({ between, outside, vmhost, journal }: Felt): void {
    const lost = [between.lost, outside.lost, vmhost.lost];
    assert.deepEqual(lost, [0, 0, 0], `lost ${lost.join(', ')}\n${journal}`);
  }

  async function xml(...flags: string[]): Promise<string> {
    return lab.must(['env', 'LC_ALL=C', 'virsh', 'net-dumpxml', 'k8s-net', ...flags]);
  }

  async function until(what: string, check: () => Promise<boolean>, seconds: number): Promise<void> {
    const found = await poll(async () => ((await check()) ? true : undefined), {
      timeoutMs: seconds * 1000,
      intervalMs: 300,
    });
    assert.ok(found, `not within ${seconds} s: ${what}`);
  }

  async function netUpdates(): Promise<number> {
    return (await mutatingCalls(lab)).filter(([op]) => op === 'net-update').length;
  }

  it('E01: nothing, while a Node is added', async () => {
    const updates = await netUpdates();

    nothing(
      await feel('a Node is added', async () => {
        await applyManifests(lab, [['one.yaml', small('one')]]);
        await until('it is Ready', () => isReady('one'), 180);
      }),
    );

    assert.equal(await netUpdates(), updates);
  });

  async function isReady(name: string): Promise<boolean> {
    const object = await getObject(lab, `node/${name}`);
    return (
      object?.status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    );
  }

  it('nothing, while ten Nodes are added at once', async () => {
    const updates = await netUpdates();

    nothing(
      await feel('ten Nodes are added at once', async () => {
        await applyManifests(
          lab,
          MORE.map((name) => [`${name}.yaml`, small(name)]),
        );
        for (const name of MORE) await until(`${name} is Ready`, () => isReady(name), 420);
      }),
    );

    assert.equal(await netUpdates(), updates);
  });

  it('nothing, while they are removed again, once that is confirmed', async () => {
    nothing(
      await feel('ten Nodes are removed', async () => {
        await lab.must([
          'sh',
          '-c',
          `cd /etc/k8slab.d && rm ${MORE.map((name) => `${name}.yaml`).join(' ')}`,
        ]);
        for (const name of MORE) {
          await untilCondition(lab, [`node/${name}`, 'RemovalHeld'], ({ status }) => status === 'True', 30);
        }
        await lab.must(['k8slab', 'confirm-removal', '--all']);
        const left = async (): Promise<string> => lab.must(['virsh', 'list', '--all', '--name']);
        await until('they are gone', async () => !/more\d/.test(await left()), 300);
      }),
    );
  });

  it('nothing, while another guest moves to a free address', async () => {
    nothing(
      await feel('a Node moves to a free address', async () => {
        const moved = manifest('master02').replace('192.168.111.147', '192.168.111.160');
        await applyManifests(lab, [['master02.yaml', moved]]);
        await readyAt(lab, 'master02', '192.168.111.160', 180);
      }),
    );
  });

  it('E06: one gap of at most a second to the outside, while two others swap their addresses', async () => {
    const felt = await feel('two Nodes swap their addresses', async () => {
      await applyManifests(lab, [
        ['master00.yaml', manifest('master00').replace('192.168.111.150', '192.168.111.135')],
        ['master01.yaml', manifest('master01').replace('192.168.111.135', '192.168.111.150')],
      ]);
      await readyAt(lab, 'master00', '192.168.111.135', 240);
      await readyAt(lab, 'master01', '192.168.111.150', 240);
    });

    oneGapToTheOutside(felt);
  });

  it('E24, E25, E26: one gap to the outside, while the network restarts for another domain, and nobody reboots', async () => {
    const bootIds = (): Promise<string[]> =>
      Promise.all(GUESTS.map((name) => lab.must(['ssh', name, 'cat /proc/sys/kernel/random/boot_id'])));
    const [defined, ids] = [await xml('--inactive'), await bootIds()];
    const text = (await lab.must(['cat', '/etc/k8slab.d/k8s-net.yaml'])).replaceAll(
      'k8s-thw.local',
      'other.local',
    );
    await lab.must(['cp', '-r', '/etc/k8slab.d', '/root/next']);
    await lab.writeFile('/root/next/k8s-net.yaml', text);
    const { stdout } = await lab.exec(['k8slab', 'plan', '/root/next']);
    assert.match(
      stdout,
      /RestartNetwork +uplink\(~0\.6s\) +loadbalancer,master00,\S+ +takes effect when the network restarts: domain/,
    );

    const felt = await feel("the network's domain changes", async () => {
      await applyManifests(lab, [['k8s-net.yaml', text]]);
      await until('the new domain is live', async () => (await xml()).includes('other.local'), 30);
      await allReady(lab, 90);
    });

    oneGapToTheOutside(felt);
    assert.deepEqual(await bootIds(), ids);
    assert.ok(!(await mutatingCalls(lab)).some(([op]) => op === 'net-undefine'));
    const now = await xml('--inactive');
    for (const kept of [/<uuid>.*<\/uuid>/, /<mac address='.*'\/>/, /<bridge .*\/>/]) {
      assert.equal(kept.exec(now)?.[0], kept.exec(defined)?.[0]);
    }
  });

  it('E25: nothing between any two of them, while the network restarts ten times', async () => {
    const text = await lab.must(['cat', '/etc/k8slab.d/k8s-net.yaml']);
    const ends = await Promise.all(
      GUESTS.map(async (name, index) => {
        const next = await getObject(lab, `node/${GUESTS[(index + 1) % GUESTS.length] ?? ''}`);
        return startPing(lab, name, (next?.status as NodeStatus).address ?? '');
      }),
    );

    for (let restart = 0; restart < 10; restart++) {
      const domain = `restart${restart}.local`;
      await applyManifests(lab, [['k8s-net.yaml', text.replaceAll('other.local', domain)]]);
      await until(`${domain} is live`, async () => (await xml()).includes(domain), 30);
    }

    const rings = await Promise.all(ends.map((end) => end()));
    const [sent, lost] = (['sent', 'lost'] as const).map((what) =>
      rings.reduce((sum, ring) => sum + ring[what], 0),
    );
    console.log(`# ten restarts of the network: between ${lost} of ${sent} lost`);
    assert.equal(lost, 0);
  });
});
