import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BASE, createApiBed } from './api-bed.ts';

type Json = Record<string, unknown>;

const META = 'g=meta.k8s.io';

function names(list: Json): string[] {
  return (list['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
}

describe('a list in parts', () => {
  it('has every object once, the version of its first part, and says how many are left', async () => {
    const { json, touch } = createApiBed('a', 'b', 'c', 'd', 'e');
    const { resourceVersion } = (await json(`${BASE}/nodes`))['metadata'] as Record<string, string>;

    const parts: Json[] = [];
    for (let next = ''; ;) {
      parts.push(await json(`${BASE}/nodes?limit=2${next}`));
      // What changes meanwhile is told by a watch from that version.
      touch('a');
      const { continue: token } = parts.at(-1)?.['metadata'] as Record<string, string>;
      if (token === undefined) break;
      next = `&continue=${token}`;
    }

    assert.deepEqual(parts.map(names), [['a', 'b'], ['c', 'd'], ['e']]);
    assert.deepEqual(
      parts.map(({ metadata }) => [
        (metadata as Json)['resourceVersion'],
        (metadata as Json)['remainingItemCount'],
      ]),
      [
        [resourceVersion, 3],
        [resourceVersion, 1],
        [resourceVersion, undefined],
      ],
    );
  });

  it('goes on behind what it had last, though that is gone, and is whole where a part would be all', async () => {
    const { bed, json } = createApiBed('a', 'b', 'c');
    const first = await json(`${BASE}/nodes?limit=2`);
    bed.store.remove('Node', 'b');

    const rest = await json(
      `${BASE}/nodes?limit=2&continue=${String((first['metadata'] as Json)['continue'])}`,
    );
    const whole = await json(`${BASE}/nodes?limit=2`);

    assert.deepEqual([names(rest), names(whole)], [['c'], ['a', 'c']]);
    assert.deepEqual((whole['metadata'] as Json)['continue'], undefined);
  });

  it('of a selector has none that is empty but for the last', async () => {
    const { json, label } = createApiBed('a', 'b', 'c', 'd');
    for (const name of ['b', 'd']) label(name, { zone: 'x' });

    const first = await json(`${BASE}/nodes?limit=1&labelSelector=zone`);
    const second = await json(
      `${BASE}/nodes?limit=1&labelSelector=zone&continue=${String((first['metadata'] as Json)['continue'])}`,
    );

    assert.deepEqual([names(first), names(second)], [['b'], ['d']]);
    assert.deepEqual((first['metadata'] as Json)['remainingItemCount'], undefined);
    assert.deepEqual((second['metadata'] as Json)['continue'], undefined);
  });
});

describe('a list', () => {
  it('is of what its selectors mean', async () => {
    const { json, label, bed } = createApiBed('a', 'b');
    label('b', { zone: 'x' });

    assert.deepEqual(names(await json(`${BASE}/nodes?labelSelector=zone%3Dx`)), ['b']);
    assert.deepEqual(names(await json(`${BASE}/nodes?labelSelector=!zone`)), ['a']);
    assert.deepEqual(names(await json(`${BASE}/nodes?fieldSelector=metadata.name!%3Db`)), ['a']);
    bed.apply('Node', 'c', { role: 'master' });
    assert.deepEqual(names(await json(`${BASE}/nodes?fieldSelector=spec.role%3Dmaster`)), ['c']);
    assert.deepEqual(names(await json(`${BASE}/nodes?fieldSelector=spec.role!%3Dmaster`)), ['a', 'b']);
    assert.deepEqual(names(await json(`${BASE}/nodes?fieldSelector=status.vmhost%3D`)), ['a', 'b', 'c']);
  });

  it('is a table of the version that is asked for, whose rows have of their objects what is asked for', async () => {
    const { json } = createApiBed('a');
    const accept = (version: string): string =>
      `application/json;as=Table;v=${version};${META},application/json`;
    const cases = [
      ['v1', '', ['apiVersion', 'kind', 'metadata']],
      ['v1beta1', '?includeObject=Metadata', ['apiVersion', 'kind', 'metadata']],
      ['v1', '?includeObject=Object', ['apiVersion', 'kind', 'metadata', 'spec', 'status']],
      ['v1', '?includeObject=None', []],
    ] as const;

    for (const [version, query, fields] of cases) {
      const table = await json(`${BASE}/nodes${query}`, accept(version));
      const [row] = table['rows'] as { object?: Json }[];
      assert.deepEqual([table['kind'], table['apiVersion']], ['Table', `meta.k8s.io/${version}`]);
      assert.deepEqual(Object.keys(row?.object ?? {}).sort(), fields, query);
      const [first] = table['columnDefinitions'] as Json[];
      assert.deepEqual([first?.['name'], first?.['format']], ['Name', 'name']);
    }
  });

  it('is in the first form that there is, of those that are asked for', async () => {
    const { json, request } = createApiBed('a');
    const kinds = await Promise.all(
      [
        'application/vnd.kubernetes.protobuf, application/json',
        'application/json;as=Table;v=v9;g=meta.k8s.io, application/json',
        '*/*',
        `application/json;as=PartialObjectMetadataList;v=v1beta1;${META}`,
      ].map(async (accept) => {
        const { kind, apiVersion } = await json(`${BASE}/nodes`, accept);
        return [kind, apiVersion];
      }),
    );
    const refused = await request(`${BASE}/nodes?includeObject=All`, {
      headers: { accept: `application/json;as=Table;v=v1;${META}` },
    });

    const whole = ['NodeList', 'k8slab.io/v1alpha1'];
    assert.deepEqual(kinds, [...[whole, whole, whole], ['PartialObjectMetadataList', 'meta.k8s.io/v1beta1']]);
    assert.equal(refused.status, 400);
  });
});

describe('discovery', () => {
  it('names groups, versions and resources one by one', async () => {
    const { json } = createApiBed();

    const [core, groups, group] = await Promise.all(
      ['/api', '/apis', '/apis/k8slab.io'].map((path) => json(path)),
    );
    const lists = await Promise.all(
      ['/api/v1', '/apis/events.k8s.io/v1', '/apis/authorization.k8s.io/v1', BASE].map((path) => json(path)),
    );

    assert.deepEqual(core?.['versions'], ['v1']);
    assert.deepEqual(
      (groups?.['groups'] as Json[]).map(({ name }) => name),
      ['k8slab.io', 'events.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io'],
    );
    assert.deepEqual(
      [group?.['kind'], group?.['preferredVersion']],
      ['APIGroup', { groupVersion: 'k8slab.io/v1alpha1', version: 'v1alpha1' }],
    );
    assert.deepEqual(
      lists.map((list) => [list['groupVersion'], (list['resources'] as Json[]).map(({ name }) => name)]),
      [
        ['v1', ['events']],
        ['events.k8s.io/v1', ['events']],
        ['authorization.k8s.io/v1', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews']],
        ['k8slab.io/v1alpha1', ['vmhosts', 'networks', 'images', 'nodes', 'loadbalancers']],
      ],
    );
  });

  it('names them all at once for who asks for that first, in the version that it knows', async () => {
    const { request } = createApiBed();
    const asked = (version: string): string =>
      `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

    for (const version of ['v2', 'v2beta1']) {
      const headers = { accept: `${asked('v9')},${asked(version)},application/json` };
      const response = await request('/apis', { headers });
      const { items, ...rest } = (await response.json()) as { items: Json[] };
      assert.equal(response.headers.get('content-type'), asked(version));
      assert.deepEqual(rest, {
        kind: 'APIGroupDiscoveryList',
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
      });
      const [first] = items as { versions: { resources: Json[] }[] }[];
      assert.deepEqual(first?.versions[0]?.resources[3], {
        resource: 'nodes',
        responseKind: { group: 'k8slab.io', version: 'v1alpha1', kind: 'Node' },
        scope: 'Cluster',
        singularResource: 'node',
        verbs: ['get', 'list', 'watch'],
        shortNames: ['kn'],
      });
      const core = (await (await request('/api', { headers })).json()) as { items: Json[] };
      assert.deepEqual(core.items.length, 1);
    }
  });

  it('names the version of Kubernetes that it answers like, and its own', async () => {
    const { gitVersion, major, k8slab } = await createApiBed().json('/version');

    assert.match(String(gitVersion), /^v1\.\d+\.0\+k8slab\./);
    assert.deepEqual([major, String(gitVersion).endsWith(String(k8slab))], ['1', true]);
  });
});

describe('events', () => {
  const about = { kind: 'Node', name: 'a', uid: 'u' } as const;

  it('are in the namespace that Kubernetes has those of objects without one in', async () => {
    const { deps, json, request } = createApiBed();
    deps.events.record(about, 'Normal', 'A', 'm');
    const { metadata } = deps.events.list()[0] ?? assert.fail();

    const listed = await Promise.all(
      ['events', 'namespaces/default/events', 'namespaces/other/events'].map((path) =>
        json(`/api/v1/${path}`),
      ),
    );
    const one = await json(`/api/v1/namespaces/default/events/${metadata.name}`);
    const other = await request(`/api/v1/namespaces/other/events/${metadata.name}`);

    assert.deepEqual(
      listed.map((list) => names(list).length),
      [1, 1, 0],
    );
    assert.deepEqual([one['kind'], one['reason']], ['Event', 'A']);
    assert.equal(other.status, 404);
  });

  it('are selected by what they are about, by reason and by type', async () => {
    const { deps, json } = createApiBed();
    deps.events.record(about, 'Normal', 'A', 'm');
    deps.events.record({ kind: 'Node', name: 'b' }, 'Warning', 'B', 'm');

    for (const [selector, reasons] of [
      ['involvedObject.kind=Node,involvedObject.name=a', ['A']],
      ['involvedObject.uid=u,involvedObject.namespace=', ['A']],
      ['type!=Normal', ['B']],
      ['reason=B,source=k8slab', ['B']],
      ['metadata.namespace=default', ['A', 'B']],
    ] as const) {
      const { items } = await json(`/api/v1/events?fieldSelector=${encodeURIComponent(selector)}`);
      assert.deepEqual(
        (items as Json[]).map(({ reason }) => reason),
        reasons,
        selector,
      );
    }
  });

  it('are watched, and are those of events.k8s.io too', async () => {
    const { deps, json, watch } = createApiBed();
    const lines = await watch('/api/v1/namespaces/default/events?watch=true');
    const newer = await watch('/apis/events.k8s.io/v1/events?watch=true&fieldSelector=regarding.name%3Da');

    deps.events.record({ kind: 'Node', name: 'b' }, 'Normal', 'B', 'm');
    deps.events.record(about, 'Normal', 'A', 'm');
    deps.events.record(about, 'Normal', 'A', 'm');

    const seen = (await lines.take(3)).map(({ type, object }) => [type, object['reason'], object['count']]);
    assert.deepEqual(seen, [
      ['ADDED', 'B', 1],
      ['ADDED', 'A', 1],
      ['MODIFIED', 'A', 2],
    ]);
    const [first] = await newer.take(1);
    assert.deepEqual([first?.object['note'], first?.object['deprecatedCount']], ['m', 1]);
    const { kind, apiVersion } = await json('/apis/events.k8s.io/v1/events');
    assert.deepEqual([kind, apiVersion], ['EventList', 'events.k8s.io/v1']);
  });

  it('are a table as kubectl shows events', async () => {
    const { bed, deps, json } = createApiBed();
    deps.events.record(about, 'Normal', 'A', 'two\nlines');
    await bed.clock.advance(60_000);
    deps.events.record(about, 'Normal', 'A', 'two\nlines');
    await bed.clock.advance(5_000);

    const table = await json('/api/v1/events', `application/json;as=Table;v=v1;${META}`);

    const [{ cells } = assert.fail()] = table['rows'] as { cells: string[] }[];
    assert.deepEqual(cells.slice(0, 4), ['5s (x2 over 65s)', 'Normal', 'A', 'node/a']);
    assert.equal(cells[6], 'two; lines');
  });
});

describe('whether one may', () => {
  async function ask(resourceAttributes: object): Promise<unknown> {
    const { request } = createApiBed();
    const body = JSON.stringify({ spec: { resourceAttributes } });
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const answer = (await (await request(path, { method: 'POST', body })).json()) as { status: Json };
    return answer.status['allowed'];
  }

  for (const [attributes, allowed] of [
    [{ verb: 'get', group: 'k8slab.io', resource: 'nodes' }, true],
    [{ verb: 'watch', group: '', resource: 'events' }, true],
    [{ verb: 'list', group: 'k8slab.io', resource: '*' }, true],
    [{ verb: 'delete', group: 'k8slab.io', resource: 'nodes' }, false],
    [{ verb: '*', group: 'k8slab.io', resource: 'nodes' }, false],
    [{ verb: 'get', group: '', resource: 'pods' }, false],
    [{ verb: 'get', group: 'k8slab.io', resource: 'nodes', subresource: 'status' }, false],
  ] as const) {
    it(`${JSON.stringify(attributes)}: ${allowed ? 'yes' : 'no'}`, async () => {
      assert.equal(await ask(attributes), allowed);
    });
  }

  it('is no question of anything else', async () => {
    const { request } = createApiBed();
    const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
    const type = { 'content-type': 'application/vnd.kubernetes.protobuf' };

    for (const [body, headers] of [
      ['', {}],
      ['[]', {}],
      ['k8s\0\x12\xff', type],
      ['nothing', type],
    ] as const)
      assert.equal((await request(path, { method: 'POST', body, headers })).status, 400);
  });
});

describe('schemas', () => {
  it('have every field of spec and status of every kind, in both versions of OpenAPI', async () => {
    const { deps, json } = createApiBed();
    const { paths } = (await json('/openapi/v3')) as { paths: Record<string, { serverRelativeURL: string }> };
    const v3 = await json(paths['apis/k8slab.io/v1alpha1']?.serverRelativeURL ?? '');
    const v2 = await json('/openapi/v2', 'application/json');

    const { schemas } = v3['components'] as { schemas: Json };
    assert.deepEqual(schemas, v2['definitions']);
    for (const { kind } of deps.kinds.all) {
      const { properties } = schemas[`io.k8slab.v1alpha1.${kind}`] as { properties: { status: Json } };
      assert.ok(properties.status['properties'], kind);
    }
  });
});
