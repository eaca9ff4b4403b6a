import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KINDS } from '../../../src/api/kinds/list.ts';
import type { ParsedObject } from '../../../src/api/manifest/types.ts';
import { createHints, type Hints } from '../../../src/daemon/api-server/hints.ts';
import { createApiServerSource } from '../../../src/daemon/api-server/source.ts';
import { imageText, networkText, nodeText } from '../../api/manifest/samples.ts';
import { createFakeClock, type FakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServer } from '../../kube/fake.ts';
import { BINDING, put } from './bed.ts';

type NodeObject = ParsedObject & { readonly kind: 'Node' };

describe('the objects of an API server, as one vmhost lists them', () => {
  interface Bed {
    readonly server: FakeApiServer;
    readonly nodes: () => Promise<NodeObject[]>;
    readonly network: () => Promise<ParsedObject | undefined>;
    readonly hints: () => number;
    readonly tell: Hints['tell'];
    readonly clock: FakeClock;
  }

  function bed(): Bed {
    const server = createFakeApiServer();
    put(server, networkText('k8s-net', { overlay: {} }));
    put(server, imageText('debian'));
    for (const name of ['a', 'b']) {
      put(server, nodeText(name));
      server.applyStatus({ kind: 'Node', name }, { vmhost: 'v1' }, BINDING);
    }
    let hints = 0;
    // As a watch has it: an object that did not change is the very same one.
    const known = new Map(server.list('Node').map((node) => [node.metadata.name, node]));
    const clock = createFakeClock();
    const { tell, subscribe } = createHints();
    const source = createApiServerSource({
      ...{ vmhost: 'v1', allow: [], kinds: KINDS, clock, subscribe },
      objects: () => (kind) => {
        const listed = server.list(kind).map((object) => {
          const { name, resourceVersion } = object.metadata;
          const before = kind === 'Node' ? known.get(name) : undefined;
          const same = before?.metadata.resourceVersion === resourceVersion ? before : object;
          if (kind === 'Node') known.set(name, same);
          return [name, same] as const;
        });
        return new Map(listed);
      },
    });
    source.watch(() => (hints += 1));
    const nodes = async (): Promise<NodeObject[]> =>
      (await source.list()).objects.filter((object): object is NodeObject => object.kind === 'Node');
    const network = async (): Promise<ParsedObject | undefined> =>
      (await source.list()).objects.find(({ kind }) => kind === 'Network');
    return { server, nodes, network, hints: () => hints, tell, clock };
  }

  const at = (node: NodeObject | undefined): string | undefined => node?.spec.networks[0]?.address;
  const give = (server: FakeApiServer, addresses: Record<string, string>): void => {
    const allocations = Object.entries(addresses).map(([node, address]) => ({ node, address }));
    server.applyStatus({ kind: 'Network', name: 'k8s-net' }, { allocations }, BINDING);
  };

  it('are the very same ones where only what others say of them changed', async () => {
    const { server, nodes } = bed();
    const before = await nodes();
    server.applyStatus({ kind: 'Node', name: 'a' }, { state: 'running' }, { manager: 'k8slabd-v1' });

    const after = await nodes();

    assert.equal(after.length, 2);
    assert.ok(after.every((node, index) => node === before[index]));
  });

  it('change with what they were given, each by itself', async () => {
    const { server, nodes } = bed();
    give(server, { a: '192.168.111.10', b: '192.168.111.11' });
    const [a, b] = await nodes();
    assert.deepEqual([at(a), at(b)], ['192.168.111.10', '192.168.111.11']);
    give(server, { a: '192.168.111.20', b: '192.168.111.11' });

    const [otherA, sameB] = await nodes();

    assert.equal(at(otherA), '192.168.111.20');
    assert.equal(sameB, b);
    give(server, { b: '192.168.111.11' });
    assert.equal(at((await nodes())[0]), undefined);
  });

  it('change with where they are', async () => {
    const { server, nodes, network } = bed();
    assert.deepEqual((await network())?.origin?.elsewhere, {});
    await server.client('v1').setFinalizer({ kind: 'Network', name: 'k8s-net' }, 'vmhost.k8slab.io/v1', true);
    assert.equal((await network())?.origin?.elsewhere, undefined);
    give(server, { a: '192.168.111.10', b: '192.168.111.11' });
    await server.client('v1').setFinalizer({ kind: 'Node', name: 'a' }, 'vmhost.k8slab.io/v1', true);
    assert.deepEqual(
      (await nodes()).map(({ origin }) => origin?.elsewhere),
      [undefined, { vmhost: 'v1' }],
    );
    server.applyStatus({ kind: 'Node', name: 'b' }, { vmhost: 'v2' }, BINDING);
    assert.deepEqual((await nodes())[1]?.origin?.elsewhere, { vmhost: 'v2' });
  });

  it('may have changed, whoever begins to watch them is told at once', () => {
    assert.equal(bed().hints(), 1);
  });

  it('are followed at once where their own changed, and where others changed once for all that changed of them', async () => {
    const { hints, tell, clock } = bed();
    tell('own');
    assert.equal(hints(), 2);
    for (let count = 0; count < 100; count += 1) tell('others');
    assert.equal(hints(), 2);

    await clock.advance(500);

    assert.equal(hints(), 3);
  });
});
