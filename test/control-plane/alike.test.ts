import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { reasonOf } from '../../src/api/errors.ts';
import type { Kube, KubeChange, KubeObject } from '../../src/drivers/kube.ts';
import { createFakeApiServer } from '../kube/fake.ts';
import { startControlPlane, type ControlPlane } from './control-plane.ts';
import { installKinds, kubeOf, listen, type SeenKube } from './kube-bed.ts';

/** How many histories; K8SLAB_SEED: those of an earlier run. */
const { K8SLAB_ALIKE: wanted, K8SLAB_SEED: given } = process.env;
const seed = Number(given ?? (wanted === undefined ? 1 : Date.now() % 2 ** 31));
const OPTIONS = { seed, numRuns: Number(wanted ?? 40) };

const FINALIZERS = ['vmhost.k8slab.io/v1', 'vmhost.k8slab.io/v2'] as const;

function condition(type: string, status: string): object {
  return { type, status, reason: 'Tried', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };
}

interface Tried {
  readonly kind: 'Node' | 'Network';
  readonly spec: object;
  /** Of which a merge patch sets one of these values. */
  readonly field: string;
  readonly values: readonly string[];
  readonly statuses: (manager: string) => readonly object[];
}

const NODE: Tried = {
  kind: 'Node',
  spec: { memory: '192Mi', disk: { image: 'guest' }, networks: [{ network: 'net' }] },
  field: 'memory',
  values: ['192Mi', '256Mi'],
  statuses: () => [
    {},
    { vmhost: 'v1' },
    { vmhost: 'v2', conditions: [condition('Scheduled', 'True')] },
    { state: 'running', conditions: [condition('Ready', 'True')] },
    { state: 'running', conditions: [condition('Ready', 'False'), condition('Synced', 'True')] },
    { state: 'off', conditions: [] },
  ],
};

/** What a vmhost says of an object that others have too: of itself alone. */
function said(name: string, ready: string): object {
  return { name, ready, reason: 'Tried', message: '' };
}

const NETWORK: Tried = {
  kind: 'Network',
  spec: { cidr: '192.0.2.0/24', domain: 'one.example' },
  field: 'domain',
  values: ['one.example', 'two.example'],
  statuses: (manager) => [
    {},
    { vmhosts: [said(manager, 'True')] },
    { vmhosts: [said(manager, 'False')], conditions: [condition('Ready', 'False')] },
    { vmhosts: [], allocations: [] },
    { allocations: [{ node: 'a', address: '192.0.2.2' }] },
    { allocations: [{ node: 'b', address: '192.0.2.3' }], conditions: [condition('Ready', 'True')] },
  ],
};

/** Which version a writer goes by: any, the last one, or one that others have changed since. */
type Version = 'any' | 'last' | 'old';

type Step =
  | { readonly do: 'create' | 'remove' | 'get' | 'lease' }
  | { readonly do: 'label'; readonly label: string | null }
  | { readonly do: 'spec'; readonly value: number }
  | { readonly do: 'finalizer'; readonly finalizer: string; readonly present: boolean }
  | { readonly do: 'status'; readonly status: number; readonly manager: string; readonly version: Version };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('create', 'remove', 'get', 'lease') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('label'), label: fc.constantFrom('x', 'y', null) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('spec'), value: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('finalizer'),
      finalizer: fc.constantFrom(...FINALIZERS),
      present: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('status'),
      status: fc.nat(5),
      manager: fc.constantFrom('one', 'two'),
      version: fc.constantFrom<Version>('any', 'any', 'last', 'old'),
    }),
  },
);

/** What does not depend on who serves it. */
function told({ metadata, spec, status }: KubeObject, { field }: Tried): object {
  const { labels = {}, finalizers = [], generation, deletionTimestamp } = metadata;
  const fields = Object.entries(status ?? {}).filter(
    ([, value]) => !Array.isArray(value) || value.length > 0,
  );
  return {
    ...{ labels, finalizers, generation, isDeleted: deletionTimestamp !== undefined },
    [field]: (spec as Record<string, unknown>)[field],
    status: Object.fromEntries(fields.map(([key, value]) => [key, sorted(value)])),
  };
}

interface Keyed {
  readonly type?: string;
  readonly name?: string;
}

function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const key = ({ type = '', name = '' }: Keyed): string => `${type}${name}`;
  return (value as Keyed[]).toSorted((a, b) => key(a).localeCompare(key(b)));
}

/** One object of one server, and all that its clients are answered and told. */
async function play(kube: Kube, tried: Tried, name: string, steps: readonly Step[]): Promise<unknown[]> {
  const { kind, field, values, spec, statuses } = tried;
  const ref = { kind, name };
  const versions: string[] = [];
  const answers: unknown[] = [];
  let lease: string | undefined;

  async function make(each: Step): Promise<unknown> {
    switch (each.do) {
      case 'create':
        return kube.create({ kind, metadata: { name }, spec });
      case 'remove':
        return kube.remove(ref);
      case 'get':
        return kube.get(ref);
      case 'label':
        return kube.patch(ref, { metadata: { labels: { a: each.label } } });
      case 'spec':
        return kube.patch(ref, { spec: { [field]: values[each.value] } });
      case 'finalizer':
        return kube.setFinalizer(ref, each.finalizer, each.present);
      case 'status': {
        const resourceVersion = { any: undefined, last: versions.at(-1), old: versions[0] }[each.version];
        const options = resourceVersion === undefined ? {} : { resourceVersion };
        return kube.applyStatus(ref, statuses(each.manager)[each.status] ?? {}, {
          manager: each.manager,
          ...options,
        });
      }
      case 'lease': {
        const had = lease;
        lease = undefined;
        const wanted = { holderIdentity: String(answers.length) };
        const { resourceVersion, spec: now } = await (had === undefined
          ? kube.lease.create(name, wanted)
          : kube.lease.update(name, wanted, had));
        lease = answers.length % 3 === 0 ? had : resourceVersion;
        return now.holderIdentity;
      }
    }
  }

  for (const each of steps) {
    const answer = await make(each).catch((error: unknown) => `refused: ${reasonOf(error)}`);
    const object = await kube.get(ref);
    const version = object?.metadata.resourceVersion;
    const isChanged = version !== versions.at(-1);
    if (version !== undefined && isChanged) versions.push(version);
    answers.push([typeof answer === 'string' ? answer : 'done', isChanged, object && told(object, tried)]);
  }
  return answers;
}

describe('the API server in memory', () => {
  let plane: ControlPlane;
  let kube: SeenKube;
  let count = 0;
  before(async () => {
    plane = await startControlPlane({ users: {} });
    await installKinds(plane);
    kube = kubeOf(plane.kubeconfig());
  });
  after(async () => {
    await kube.dispose();
    await plane.kill();
  });

  it(`answers and tells watches what a real one does, whatever is asked of it in whatever order (seed ${seed})`, async () => {
    const real = listen(kube);
    await real.watch.whenSynced();
    const steps = fc.array(step, { minLength: 1, maxLength: 20 }).map((drawn) => [CREATE, ...drawn]);
    const history = fc.tuple(fc.constantFrom(NODE, NETWORK), steps);

    await fc.assert(
      fc.asyncProperty(history, async ([tried, drawn]) => {
        const name = `n${(count += 1)}`;
        const server = createFakeApiServer();
        const changes: KubeChange[] = [];
        const client = server.client('one');
        await client.watch((change) => changes.push(change)).whenSynced();

        const expected = await play(kube, tried, name, drawn);
        const got = await play(client, tried, name, drawn);

        assert.deepEqual(got, expected);
        const last = await kube.get({ kind: tried.kind, name });
        await real.until(
          () =>
            real.watch.objects(tried.kind).get(name)?.metadata.resourceVersion ===
            last?.metadata.resourceVersion,
        );
        assert.deepEqual(seenOf(tried, name, changes), seenOf(tried, name, real.changes));
      }),
      OPTIONS,
    );
  });
});

const CREATE: Step = { do: 'create' };

/** What a watch was told of an object, in order. */
function seenOf(tried: Tried, name: string, changes: readonly KubeChange[]): unknown[] {
  return changes.flatMap((change) =>
    'object' in change && change.object.metadata.name === name
      ? [[change.type, told(change.object, tried)]]
      : [],
  );
}
