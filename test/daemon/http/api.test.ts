import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import type { PlannedObject } from '../../../src/api/disruption/action.ts';
import { createApi, createProbeApp, type HttpDeps } from '../../../src/daemon/http/api.ts';
import { createPackageUpdates, type PackageUpdates } from '../../../src/controllers/node/package-updates.ts';
import { createPower } from '../../../src/controllers/node/power.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createEvents } from '../../../src/engine/events.ts';
import { createMetrics } from '../../../src/engine/metrics.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { createBed } from '../../controllers/bed.ts';
import { fakePackages } from '../../controllers/haproxy-fakes.ts';
import { KINDS } from '../../../src/api/kinds/list.ts';

const BASE = '/apis/k8slab.io/v1alpha1';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
const PLAN: readonly PlannedObject[] = [{ kind: 'Node', name: 'a', actions: [] }];

type Json = Record<string, unknown> & { items?: Record<string, unknown>[] };

function createServer(more: Partial<HttpDeps> = {}): {
  get: (path: string, headers?: Record<string, string>) => Promise<{ status: number; json: Json }>;
  deps: HttpDeps;
} {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  for (const name of ['b', 'a']) bed.apply('Node', name);
  const deps: HttpDeps = {
    kinds: KINDS,
    store: bed.store,
    events: createEvents({ clock: bed.clock }),
    metrics: createMetrics({ version: '1.2.3' }),
    removals: { held: () => [], confirm: () => undefined, waiting: () => undefined },
    health: { unready: () => [], unhealthy: () => [] },
    manifestErrors: () => [],
    exported: () => ({ items: [], notes: [], allow: [] }),
    plan: () => Promise.resolve(PLAN),
    kubeconfig: () => undefined,
    clock: bed.clock,
    updates: createPackageUpdates({
      store: bed.store,
      packages: fakePackages(bed.world),
      clock: bed.clock,
    }),
    power: createPower({ ...bed, log: silentLogger(), enqueue: () => undefined }),
    powerPlace: () => undefined,
    onError: (where, error) => assert.fail(`${where}: ${error.message}`),
    ...more,
  };
  const api = createApi(deps);
  return {
    deps,
    async get(path, headers = {}) {
      const response = await api.request(path, { headers });
      return { status: response.status, json: (await response.json()) as Json };
    },
  };
}

/** What kubectl reads of a failure. */
function failure({ status, json }: { status: number; json: Json }): unknown[] {
  assert.deepEqual(
    [json['kind'], json['apiVersion'], json['status'], json['code']],
    ['Status', 'v1', 'Failure', status],
  );
  return [status, json['reason'], json['message']];
}

describe('updates of packages', () => {
  it('leave no timer behind when a run breaks off', async () => {
    const clock = createFakeClock();
    const updates: PackageUpdates = { prepare: () => () => Promise.reject(new Error('broken')) };
    const api = createApi(createServer({ updates, clock, onError: () => undefined }).deps);

    const response = await api.request(`${BASE}/packageupdates`, { method: 'POST', body: '{}' });
    await response.text().catch(() => undefined);

    assert.equal(clock.pendingTimers(), 0);
  });

  it('tell of a run that breaks off where errors of servers are told, and print nothing', async (t) => {
    const printed = t.mock.method(console, 'error', () => undefined);
    const errors: string[] = [];
    const updates: PackageUpdates = { prepare: () => () => Promise.reject(new Error('broken')) };
    const onError: HttpDeps['onError'] = (where, error) => errors.push(`${where}: ${error.message}`);
    const api = createApi(createServer({ updates, onError }).deps);

    const response = await api.request(`${BASE}/packageupdates`, { method: 'POST', body: '{}' });

    assert.equal(await response.text(), '');
    assert.deepEqual(errors, [`${BASE}/packageupdates: broken`]);
    assert.equal(printed.mock.callCount(), 0);
  });
});

describe('the API of held removals', () => {
  const held = [{ kind: 'Node', name: 'a' }] as const;

  function serve(): { post: (body: unknown) => Promise<Response>; confirmed: unknown[]; deps: HttpDeps } {
    const confirmed: unknown[] = [];
    const { deps } = createServer({
      removals: {
        held: () => held,
        waiting: () => ({ reason: 'RemovalHeld', message: 'why' }),
        confirm(refs) {
          if (refs.some(({ name }) => name !== 'a')) throw new ReasonedError('NotHeld', 'cannot confirm');
          confirmed.push(...refs);
        },
      },
    });
    const api = createApi(deps);
    const post = async (body: unknown): Promise<Response> =>
      api.request(`${BASE}/removals`, { method: 'POST', body: JSON.stringify(body) });
    return { post, confirmed, deps };
  }

  it('lists them with why', async () => {
    const { json } = await createServer(serve().deps).get(`${BASE}/removals`);

    assert.deepEqual(json.items, [{ kind: 'Node', name: 'a', why: 'why' }]);
  });

  it('confirms exactly those named, and refuses what is not held', async () => {
    const { post, confirmed } = serve();

    assert.equal((await post({ items: held })).status, 200);
    assert.equal((await post({ items: [{ kind: 'Node', name: 'b' }] })).status, 409);
    assert.equal((await post({ items: [{ kind: 'Vmhost', name: 'a' }] })).status, 400);

    assert.deepEqual(confirmed, held);
  });
});

describe('the API', () => {
  it('lists objects as Kubernetes does, by name', async () => {
    const { status, json } = await createServer().get(`${BASE}/nodes`);

    assert.deepEqual([status, json['kind'], json['apiVersion']], [200, 'NodeList', 'k8slab.io/v1alpha1']);
    assert.deepEqual(
      json.items?.map((item) => [item['kind'], (item['metadata'] as Json)['name']]),
      [
        ['Node', 'a'],
        ['Node', 'b'],
      ],
    );
    assert.deepEqual((await createServer().get(`${BASE}/images`)).json.items, []);
  });

  it('gives one object', async () => {
    const { get, deps } = createServer();

    const { json } = await get(`${BASE}/nodes/a`);

    assert.deepEqual(json, JSON.parse(JSON.stringify(deps.store.get('Node', 'a'))));
  });

  it('shows nothing that no manifest could say, neither alone, nor in a list or a table', async () => {
    const { get, deps } = createServer();
    const { spec } = deps.store.get('Node', 'a') ?? assert.fail();
    deps.store.apply('Node', { name: 'gone', spec, hash: '', origin: { orphan: true } });

    const one = await get(`${BASE}/nodes/gone`);
    const list = await get(`${BASE}/nodes`);
    const table = await get(`${BASE}/nodes`, TABLE);

    for (const { status, json } of [one, list, table]) {
      assert.equal(status, 200);
      assert.doesNotMatch(JSON.stringify(json), /orphan|origin/);
    }
  });

  it('U2: says of an object that is not there what is wrong with its manifest', async () => {
    const why = 'a.yaml:3:1: spec.cpus: expected a whole number';
    const object = { kind: 'Node', name: 'new' } as const;
    const { get } = createServer({ manifestErrors: () => [{ file: 'a.yaml', why, object }] });

    const missing = await get(`${BASE}/nodes/new`);
    const { json } = await get(`${BASE}/plan`);

    assert.equal(missing.json['message'], `nodes "new" not found: its manifest is not valid: ${why}`);
    assert.deepEqual(json['manifests'], [{ file: 'a.yaml', why, object }]);
    assert.equal((await get(`${BASE}/nodes/other`)).json['message'], 'nodes "other" not found');
  });

  it('renders tables itself when it is asked for them', async () => {
    const { get } = createServer();

    const [list, one] = [await get(`${BASE}/nodes`, TABLE), await get(`${BASE}/nodes/a`, TABLE)];

    assert.deepEqual([list.json['kind'], (list.json['rows'] as unknown[]).length], ['Table', 2]);
    assert.deepEqual([one.json['kind'], (one.json['rows'] as unknown[]).length], ['Table', 1]);
  });

  it('lists names without specs for who only asks for metadata', async () => {
    const { get } = createServer();
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

    const { json } = await get(`${BASE}/nodes`, { accept });

    assert.equal(json['kind'], 'PartialObjectMetadataList');
    assert.deepEqual(
      json.items?.map((item) => [Object.keys(item), (item['metadata'] as { name: string }).name]),
      ['a', 'b'].map((name) => [['kind', 'apiVersion', 'metadata'], name]),
    );
  });

  it('says from which version a list is worth watching', async () => {
    const { get, deps } = createServer();

    const { json } = await get(`${BASE}/nodes`);

    assert.deepEqual(json['metadata'], { resourceVersion: deps.store.version() });
  });

  it('lists an object as it is now, also after it was listed before', async () => {
    const { get, deps } = createServer();
    await get(`${BASE}/nodes`);
    const object = deps.store.get('Node', 'a');
    assert.ok(object);

    const { uid } = object.metadata;
    deps.store.updateStatus('Node', 'a', uid, { conditions: [], state: 'running', observedGeneration: 1 });

    const { json } = await get(`${BASE}/nodes`);
    assert.deepEqual(json.items, JSON.parse(JSON.stringify(deps.store.list('Node'))));
    assert.deepEqual(json.items?.[0]?.['status'], {
      conditions: [],
      state: 'running',
      observedGeneration: 1,
    });
  });

  it('answers what is not there with a Status, as kubectl expects it', async () => {
    const { get } = createServer();

    assert.deepEqual(failure(await get(`${BASE}/nodes/none`)), [404, 'NotFound', 'nodes "none" not found']);
    assert.deepEqual(failure(await get(`${BASE}/pods`)), [
      404,
      'NotFound',
      `the server could not find ${BASE}/pods`,
    ]);
    assert.deepEqual(failure(await get('/apis/other')), [
      404,
      'NotFound',
      'the server could not find /apis/other',
    ]);
  });

  it('knows resources by their plural names only, as paths of Kubernetes do', async () => {
    const { get } = createServer();

    for (const word of ['node', 'kn', 'Nodes'])
      assert.equal((await get(`${BASE}/${word}`)).status, 404, word);
  });

  it('lists its resources for discovery', async () => {
    const { json } = await createServer().get(BASE);

    assert.deepEqual([json['kind'], json['groupVersion']], ['APIResourceList', 'k8slab.io/v1alpha1']);
    const resources = json['resources'] as Record<string, unknown>[];
    assert.deepEqual(resources.map(({ name }) => name).sort(), [
      'images',
      'loadbalancers',
      'networks',
      'nodes',
      'vmhosts',
    ]);
    for (const { namespaced, verbs } of resources)
      assert.deepEqual([namespaced, verbs], [false, ['get', 'list', 'watch']]);
  });

  it('lists events', async () => {
    const { get, deps } = createServer();
    deps.events.record({ kind: 'Node', name: 'a' }, 'Normal', 'StartDomain', 'the guest shall run');

    const { json } = await get('/api/v1/events');

    assert.deepEqual([json['kind'], json.items?.map(({ reason }) => reason)], ['EventList', ['StartDomain']]);
  });
});

describe('the plan', () => {
  it('is that of now, or of the files that were sent', async () => {
    const asked: unknown[] = [];
    const plan = (files?: unknown): Promise<typeof PLAN> => {
      asked.push(files);
      return Promise.resolve(PLAN);
    };
    const { get, deps } = createServer({ plan });
    const files = [{ path: 'a.yaml', text: 'kind: Node' }];

    const now = await get(`${BASE}/plan`);
    const sent = await createApi(deps).request(`${BASE}/plan`, {
      method: 'POST',
      body: JSON.stringify({ files }),
    });

    assert.deepEqual([now.json.items, await sent.json()], [PLAN, { items: PLAN }]);
    assert.deepEqual(asked, [undefined, files]);
  });

  for (const body of ['', '{', '{}', '{"files": [{"path": "a"}]}', '[]']) {
    it(`of ${body === '' ? 'nothing' : body} is a bad request, and not the plan of now`, async () => {
      const plan = (): Promise<typeof PLAN> => assert.fail('planned');
      const api = createApi(createServer({ plan }).deps);

      const response = await api.request(`${BASE}/plan`, { method: 'POST', body });

      assert.equal(
        failure({ status: response.status, json: (await response.json()) as Json })[1],
        'BadRequest',
      );
    });
  }

  it('that fails is told with its reason', async () => {
    const error = new ReasonedError('LibvirtUnreachable', 'cannot reach libvirt', { hint: 'start it' });

    const answer = await createServer({ plan: () => Promise.reject(error) }).get(`${BASE}/plan`);

    assert.deepEqual(failure(answer), [500, 'LibvirtUnreachable', 'cannot reach libvirt (start it)']);
  });
});

describe('what nobody meant to fail', () => {
  it('is answered with 500 by both servers, and is in the journal with the path that was asked', async () => {
    const told: string[] = [];
    const onError: HttpDeps['onError'] = (where, error) => told.push(`${where}: ${error.message}`);
    const plan = (): never => assert.fail('a bug');
    const health = { unready: plan, unhealthy: plan };
    const { deps } = createServer({ plan, health, onError });

    const answers = [
      await createApi(deps).request(`${BASE}/plan`),
      await createApi(deps).request('/readyz'),
      await createProbeApp(deps).request('/readyz'),
    ];

    assert.deepEqual(
      answers.map(({ status }) => status),
      [500, 500, 500],
    );
    assert.deepEqual(told, [`${BASE}/plan: a bug`, '/readyz: a bug', '/readyz: a bug']);
  });
});

describe('what a supervisor asks', () => {
  it('is answered on both servers: healthy, ready, and metrics in the format of Prometheus', async () => {
    const { deps } = createServer();
    for (const app of [createApi(deps), createProbeApp(deps)]) {
      for (const path of ['/healthz', '/readyz']) {
        const response = await app.request(path);
        assert.deepEqual([response.status, await response.text()], [200, 'ok\n'], path);
      }
      const metrics = await app.request('/metrics');
      assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
      assert.match(await metrics.text(), /^k8slab_build_info\{version="1\.2\.3"\} 1$/m);
    }
  });

  it('is 503 and why while it is not ready, and healthy all the same', async () => {
    const health = { unready: () => ['no directory', 'no libvirt'], unhealthy: () => [] };
    const app = createProbeApp(createServer({ health }).deps);

    const ready = await app.request('/readyz');
    assert.deepEqual([ready.status, await ready.text()], [503, 'no directory\nno libvirt\n']);
    assert.equal((await app.request('/healthz')).status, 200);
  });

  it('is 503 and why on both when only a restart helps', async () => {
    const health = { unready: () => [], unhealthy: () => ['a pass over node "a" has not ended for 300 s'] };
    const app = createProbeApp(createServer({ health }).deps);

    for (const path of ['/healthz', '/readyz']) {
      const response = await app.request(path);
      assert.deepEqual(
        [response.status, await response.text()],
        [503, 'a pass over node "a" has not ended for 300 s\n'],
      );
    }
  });

  it('is all that the server on TCP answers: the API is on the socket', async () => {
    const app = createProbeApp(createServer().deps);

    assert.equal((await app.request(`${BASE}/nodes`)).status, 404);
  });
});
