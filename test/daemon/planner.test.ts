import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../src/api/conditions.ts';
import type { Kind } from '../../src/api/meta.ts';
import type { ImageAction } from '../../src/api/image/actions.ts';
import type { NodeAction } from '../../src/api/node/actions.ts';
import { planAll, type PlannerDeps } from '../../src/daemon/planner.ts';
import { createBed, type Bed } from '../controllers/bed.ts';
import { settle } from '../engine/fake-clock.ts';
import { KINDS } from '../../src/api/kinds/list.ts';
import { createMemory } from '../../src/engine/memory.ts';

const FETCH: ImageAction = {
  type: 'FetchImage',
  disruption: 'none',
  reason: 'not in the store',
  fetch: { source: '/secret' },
};

interface Planner {
  readonly bed: Bed;
  readonly deps: PlannerDeps;
  /** Objects in the order in which they were looked at. */
  readonly looked: string[];
}

function createPlanner(more: Partial<PlannerDeps> & { looks?: (name: string) => object } = {}): Planner {
  const bed = createBed();
  bed.apply('Node', 'a');
  bed.apply('Network', 'k8s-net');
  bed.apply('Image', 'debian');
  const looked: string[] = [];
  const reconciler = (kind: Kind): unknown => ({
    kind,
    look({ metadata: { name } }: { metadata: { name: string } }) {
      looked.push(`${kind}/${name}`);
      const found = more.looks?.(name) ?? {};
      const conditions = [condition('Ready', 'True', 'Ready')];
      return Promise.resolve({
        plan: { actions: [FETCH] },
        conditions,
        fields: {},
        extra: undefined,
        ...found,
      });
    },
    execute: () => assert.fail('executed'),
  });
  const kinds: readonly Kind[] = ['Vmhost', 'Network', 'Image', 'Node', 'LoadBalancer'];
  const reconcilers = Object.fromEntries(kinds.map((kind) => [kind, reconciler(kind)]));
  const deps: PlannerDeps = {
    kinds: KINDS,
    memory: createMemory(),
    store: bed.store,
    reconcilers: reconcilers as unknown as PlannerDeps['reconcilers'],
    clock: bed.clock,
    condemned: () => undefined,
    remember: false,
    ...more,
  };
  return { bed, deps, looked };
}

const { signal } = new AbortController();

describe('a plan of everything', () => {
  it('looks at each object once, what others depend on first and the Vmhost that names them last, and executes nothing', async () => {
    const { deps, looked } = createPlanner();

    const planned = await planAll(deps, signal);

    assert.deepEqual(looked, ['Network/k8s-net', 'Image/debian', 'Node/a', 'Vmhost/vmhost']);
    assert.deepEqual(
      planned.map(({ kind, name }) => `${kind}/${name}`),
      looked,
    );
  });

  it('shows nothing of a definition, which may hold the password of a screen, whether its step comes now or later', async () => {
    const xml = "<graphics type='vnc' passwd='hidden'/>";
    const define: NodeAction = {
      type: 'DefineDomain',
      disruption: 'restart',
      reason: 'as the manifest says',
      xml,
    };
    const plan = { actions: [define], later: [define] };
    const { deps } = createPlanner({ looks: () => ({ plan }) });

    const [planned] = await planAll(deps, signal);

    const { type, disruption, reason } = define;
    const step = { type, disruption, reason };
    assert.deepEqual([planned?.actions, planned?.later], [[step], [step]]);
  });

  it('tells of each action what it costs and why, and none of its content', async () => {
    const { deps } = createPlanner();

    const [network] = await planAll(deps, signal);

    assert.deepEqual(network?.actions, [
      { type: 'FetchImage', disruption: 'none', reason: 'not in the store' },
    ]);
  });

  it('tells what an object waits for, and what follows then', async () => {
    const waiting = { reason: 'NetworkNotFound', message: 'no network' };
    const later = [{ type: 'StartDomain' as const, disruption: 'none' as const, reason: 'shall run' }];
    const { deps } = createPlanner({
      looks: (name) => (name === 'a' ? { plan: { actions: [], waiting, later } } : {}),
    });

    const node = (await planAll(deps, signal)).at(-2);

    assert.deepEqual(node, { kind: 'Node', name: 'a', actions: [], waiting, later });
  });

  it('goes on when one object cannot be planned, and says why', async () => {
    const { deps } = createPlanner({
      looks: (name) => {
        if (name === 'k8s-net') throw new Error('cannot reach libvirt');
        return {};
      },
    });

    const planned = await planAll(deps, signal);

    assert.deepEqual(planned[0], {
      kind: 'Network',
      name: 'k8s-net',
      actions: [],
      error: 'cannot reach libvirt',
    });
    assert.equal(planned.length, 4);
  });

  it('plans nothing for objects that contradict each other, as their passes do nothing', async () => {
    const conflict = condition('Ready', 'False', 'Conflict', 'also defined in b.yaml');
    const { deps } = createPlanner({ condemned: (kind) => (kind === 'Node' ? conflict : undefined) });

    const node = (await planAll(deps, signal)).at(-2);

    assert.deepEqual(node, {
      kind: 'Node',
      name: 'a',
      actions: [],
      waiting: { reason: 'Conflict', message: 'also defined in b.yaml' },
    });
  });

  it('says of an object that its removal is held, unless it waits for something else', async () => {
    const held = { reason: 'RemovalHeld', message: 'no manifest' } as const;
    const busy = { reason: 'InUse', message: 'later' } as const;
    const { deps } = createPlanner({
      held: (kind) => (kind === 'Vmhost' ? undefined : held),
      looks: (name) => (name === 'a' ? { plan: { actions: [], waiting: busy } } : {}),
    });

    const planned = await planAll(deps, signal);

    assert.deepEqual(
      planned
        .flatMap(({ name, waiting }) => (waiting === undefined ? [] : [`${name} ${waiting.reason}`]))
        .sort(),
      ['a InUse', 'debian RemovalHeld', 'k8s-net RemovalHeld'],
    );
  });

  it('writes what it found only into a store of candidates', async () => {
    const own = createPlanner();
    const candidates = createPlanner({ remember: true });
    const before = own.bed.store.all();

    await planAll(own.deps, signal);
    await planAll(candidates.deps, signal);

    assert.deepEqual(own.bed.store.all(), before);
    for (const { status } of candidates.bed.store.all()) {
      assert.deepEqual([status.conditions[0]?.type, status.observedGeneration], ['Ready', 1]);
    }
  });
});

describe('a plan that takes too long', () => {
  it('F11: answers with what it looked at, and says of each object that it did not look at', async () => {
    const { deps, looked } = createPlanner();
    const abort = new AbortController();
    const image = deps.reconcilers.Image as unknown as { look: () => Promise<never> };
    image.look = () => new Promise(() => abort.abort(new Error('not looked at: nothing more within 20 s')));

    const planned = await planAll(deps, abort.signal);

    assert.deepEqual(
      planned.map(({ kind, actions, error }) => [kind, actions.length, error]),
      [
        ['Network', 1, undefined],
        ['Image', 0, 'not looked at: nothing more within 20 s'],
        ['Node', 0, 'not looked at: nothing more within 20 s'],
        ['Vmhost', 0, 'not looked at: nothing more within 20 s'],
      ],
    );
    assert.deepEqual(looked, ['Network/k8s-net']);
  });

  it('looks at several objects of a kind at once, but for candidates, of which one may read the other', async () => {
    for (const [remember, expected] of [
      [false, 8],
      [true, 1],
    ] as const) {
      const { deps, bed } = createPlanner({ remember });
      for (let index = 0; index < 20; index += 1) bed.apply('Node', `n${index}`);
      let [now, most] = [0, 0];
      const { look } = deps.reconcilers.Node as unknown as { look: (object: never) => Promise<never> };
      (deps.reconcilers.Node as unknown as { look: typeof look }).look = async (object) => {
        now += 1;
        most = Math.max(most, now);
        await settle();
        now -= 1;
        return look(object);
      };

      const planned = await planAll(deps, signal);

      assert.equal(most, expected);
      const names = planned.filter(({ kind }) => kind === 'Node').map(({ name }) => name);
      assert.deepEqual(names, names.toSorted());
    }
  });
});
