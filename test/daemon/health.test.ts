import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition, mergeConditions } from '../../src/api/conditions.ts';
import { parseRef } from '../../src/api/meta.ts';
import { emptySnapshot, type Snapshot } from '../../src/api/manifest/snapshot.ts';
import { createHealth, type Health } from '../../src/daemon/health.ts';
import { createLab, type Bed } from '../controllers/bed.ts';

interface Told {
  snapshot: Snapshot;
  problem: string | undefined;
  loaded: boolean;
  stuck: string | undefined;
  surveyed: boolean;
  /** `Kind/name` of an object whose removal is held. */
  held: string | undefined;
}

async function createHealthBed(): Promise<{ bed: Bed; told: Told; health: Health }> {
  const bed = await createLab('a');
  const told: Told = {
    snapshot: emptySnapshot,
    problem: undefined,
    loaded: true,
    stuck: undefined,
    surveyed: true,
    held: undefined,
  };
  const never = (): (() => void) => () => undefined;
  const health = createHealth({
    store: bed.store,
    manifests: {
      snapshot: () => told.snapshot,
      problem: () => told.problem,
      loaded: () => told.loaded,
      subscribe: never,
    },
    removals: {
      surveyed: () => told.surveyed,
      held: () => (told.held === undefined ? [] : [parseRef(told.held)]),
      waiting: (kind, name) =>
        told.held === `${kind}/${name}` ? { reason: 'RemovalHeld', message: 'held' } : undefined,
      subscribe: never,
    },
    controllers: () => [{ problem: () => told.stuck }],
  });
  return { bed, told, health };
}

describe('how the daemon is', () => {
  it('is well when everything is read and Ready', async () => {
    const { health } = await createHealthBed();

    assert.deepEqual([health.unhealthy(), health.unready(), health.notReady()], [[], [], []]);
    assert.equal(health.summary(), '4 of 4 objects Ready');
  });

  it('U1: is not ready while the manifests cannot be read, also after they could be once', async () => {
    const { told, health } = await createHealthBed();

    told.problem = 'cannot read directory "/etc/k8slab.d": no such directory';

    assert.deepEqual(health.unready(), [told.problem]);
    assert.equal(health.summary(), `4 of 4 objects Ready; ${told.problem}`);
    assert.deepEqual(health.notReady(), [{ name: 'the manifests', why: told.problem }]);
  });

  for (const reason of ['LibvirtUnreachable', 'DeadlineExceeded']) {
    it(`F11: is not ready, and says why, when a look at the vmhost ends with ${reason}`, async () => {
      const { bed, health } = await createHealthBed();
      const [host] = bed.store.list('Vmhost');
      assert.ok(host);
      const failed = [condition('Synced', 'False', reason, 'cannot reach libvirt')];
      const conditions = mergeConditions(host.status.conditions, failed, '2026-01-01T00:00:00Z', 1);

      bed.store.updateStatus('Vmhost', host.metadata.name, host.metadata.uid, { ...host.status, conditions });

      assert.deepEqual(health.unready(), ['cannot reach libvirt']);
      assert.match(health.summary(), /; cannot reach libvirt$/);
    });
  }

  it('U2: counts the manifests that have errors', async () => {
    const { told, health } = await createHealthBed();
    const error = { file: 'b.yaml', line: 1, column: 1, path: '', code: 'Unknown', message: 'no' } as const;

    told.snapshot = { ...told.snapshot, errors: [{ ...error }, { ...error, line: 2 }] as never };

    assert.equal(health.summary(), '4 of 4 objects Ready; 1 manifest has errors');
    assert.deepEqual(health.unready(), []);
  });

  it('counts what is Ready as objects come, change and go', async () => {
    const { bed, health } = await createHealthBed();
    const counted = [health.summary()];
    const unready = [condition('Ready', 'False', 'Unreachable')];
    const count = (): number => counted.push(health.summary());

    bed.apply('Node', 'b');
    count();
    const { metadata } = bed.object('Node', 'a');
    const conditions = mergeConditions([], unready, '', 1);
    for (let time = 0; time < 2; time += 1)
      bed.store.updateStatus('Node', 'a', metadata.uid, { conditions, observedGeneration: time });
    count();
    bed.store.remove('Node', 'a');
    bed.store.remove('Image', 'debian');
    count();

    assert.deepEqual(
      counted.map((text) => text.replace(' objects Ready', '')),
      [
        '4 of 4',
        '4 of 5; not Ready: node/b NotLookedAt',
        '3 of 5; not Ready: node/b NotLookedAt, node/a Unreachable',
        '2 of 3; not Ready: node/b NotLookedAt',
      ],
    );
  });

  it('U11: names three of those that are not Ready, and says what waits to be confirmed', async () => {
    const { bed, told, health } = await createHealthBed();
    for (const name of ['b', 'c', 'd', 'e', 'f']) bed.apply('Node', name);
    told.held = 'Node/a';

    assert.equal(
      health.summary(),
      '4 of 9 objects Ready; 1 removal waits to be confirmed; not Ready: ' +
        'node/b NotLookedAt, node/c NotLookedAt, node/d NotLookedAt and 2 more',
    );
  });

  it('knows whether everything is Ready, as the list of what is not says', async () => {
    const { bed, told, health } = await createHealthBed();
    const error = { file: 'b.yaml', line: 1, column: 1, path: '', code: 'Unknown', message: 'no' };
    const unready: [what: string, begin: () => void, end: () => void][] = [
      ['an object', () => bed.apply('Node', 'b'), () => void bed.store.remove('Node', 'b')],
      ['a held removal', () => (told.held = 'Node/a'), () => (told.held = undefined)],
      ['the directory', () => (told.problem = 'gone'), () => (told.problem = undefined)],
      ['the survey', () => (told.surveyed = false), () => (told.surveyed = true)],
      [
        'a manifest',
        () => (told.snapshot = { ...emptySnapshot, errors: [error] as never }),
        () => (told.snapshot = emptySnapshot),
      ],
    ];

    for (const [what, begin, end] of unready) {
      begin();
      assert.deepEqual([health.allReady(), health.notReady().length], [false, 1], what);
      end();
      assert.deepEqual([health.allReady(), health.notReady()], [true, []], what);
    }
    told.surveyed = false;
    told.snapshot = { ...emptySnapshot, opaque: ['b.yaml'] };
    assert.deepEqual([health.allReady(), health.notReady()], [true, []], 'the survey waits for the file');
  });

  it('walks over the objects only when all of them may be Ready, however many change', async () => {
    const { bed, health } = await createHealthBed();
    const all = bed.store.all.bind(bed.store);
    let walks = 0;
    bed.store.all = () => {
      walks += 1;
      return all();
    };
    bed.apply('Node', 'b');
    const asked: boolean[] = [];
    health.subscribe(() => asked.push(health.allReady()));
    const { uid } = bed.object('Node', 'a').metadata;
    const ready = mergeConditions([], [condition('Ready', 'True', 'Ready')], '', 1);

    for (let time = 0; time < 100; time += 1)
      bed.store.updateStatus('Node', 'a', uid, { conditions: ready, observedGeneration: time + 10 });
    assert.deepEqual([asked.length, asked.includes(true), walks], [100, false, 0]);

    bed.store.updateStatus('Node', 'b', bed.object('Node', 'b').metadata.uid, { conditions: ready });
    assert.deepEqual([asked.at(-1), walks], [true, 1]);
  });

  it('R30: is unhealthy when a worker no longer works', async () => {
    const { told, health } = await createHealthBed();

    told.stuck = 'a pass over node "a" has not ended for 301 s';

    assert.deepEqual(health.unhealthy(), [told.stuck]);
  });
});
