import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReasonedError } from '../../../src/api/errors.ts';
import type { Kind } from '../../../src/api/meta.ts';
import { startScheduler } from '../../../src/daemon/api-server/scheduler.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServer, type FakeApiServerOptions } from '../../kube/fake.ts';

function bed(options: FakeApiServerOptions & { hides?: (kind: Kind, name: string) => boolean } = {}) {
  const { hides } = options;
  const server = createFakeApiServer(options);
  const clock = createFakeClock();
  const kube = server.client('one');
  const watch = kube.watch((change) => scheduler.tell(change));
  const election = { isHeld: true, holds: () => election.isHeld, token: () => 'one-1' };
  const said: string[] = [];
  const objects = (kind: Kind): ReadonlyMap<string, KubeObject> =>
    hides === undefined
      ? watch.objects(kind)
      : new Map([...watch.objects(kind)].filter(([name]) => !hides(kind, name)));
  const scheduler = startScheduler({
    ...{ kube, election, clock, random: () => 0.5, log: silentLogger() },
    watch: { objects, synced: () => watch.synced() },
    record: ({ kind, ...ref }, _, reason) =>
      void said.push(`${kind} ${'name' in ref ? ref.name : ref.metadata.name} ${reason}`),
  });
  return { server, clock, election, scheduler, said };
}

function addLab(server: FakeApiServer, count: number, memory = '64Gi'): void {
  const spec = { cidr: '10.0.0.0/16', podCIDR: { cidr: '10.128.0.0/9' }, overlay: {} };
  server.create({ kind: 'Network', metadata: { name: 'net' }, spec });
  server.create({ kind: 'Vmhost', metadata: { name: 'v1' } });
  const allocatable = { cpu: '9999', memory, storage: '100Ti' };
  server.applyStatus({ kind: 'Vmhost', name: 'v1' }, { allocatable }, { manager: 'v1' });
  for (let index = 0; index < count; index++) addNode(server, `n${index}`);
}

function addNode(server: FakeApiServer, name: string, memory = '1Gi'): void {
  const spec = { role: 'worker', memory, disk: { image: 'debian' }, networks: [{ network: 'net' }] };
  server.create({ kind: 'Node', metadata: { name }, spec });
}

function writes(server: FakeApiServer, kind: string): number {
  return server.calls.filter((call) => call.verb === 'apply-status' && call.kind === kind).length;
}

function bound(server: FakeApiServer): number {
  return server
    .list('Node')
    .filter(({ status }) => (status as { vmhost?: string } | undefined)?.vmhost === 'v1').length;
}

describe('the scheduler', () => {
  it('writes allocations once and each Node once, and a mark before it when it was elected anew', async () => {
    const { server, clock } = bed();
    addLab(server, 1000, '9999Gi');
    await clock.advance(5000);
    const first = { network: writes(server, 'Network'), nodes: writes(server, 'Node'), bound: bound(server) };
    for (let index = 1000; index < 1200; index++) addNode(server, `n${index}`);
    await clock.advance(5000);

    assert.deepEqual(first, { network: 1, nodes: 2000, bound: 1000 });
    assert.equal(writes(server, 'Network') - first.network, 1);
    assert.equal(writes(server, 'Node') - first.nodes, 200);
    assert.equal(bound(server), 1200);
  });

  it('does nothing for what placement does not go by', async () => {
    const { server, clock } = bed();
    addLab(server, 3);
    await clock.advance(5000);
    const before = server.calls.length;
    for (let index = 0; index < 50; index++)
      server.applyStatus({ kind: 'Node', name: 'n0' }, { state: `${index}` }, { manager: 'v1' });
    await clock.advance(60_000);

    assert.equal(server.calls.length, before);
    assert.equal(clock.pendingTimers(), 0);
  });

  it('frees no address of a Node that its watch does not show, before the API server says that it is gone', async () => {
    const { server, clock } = bed({ hides: (kind, name) => kind === 'Node' && name === 'n0' });
    addLab(server, 3);
    const allocations = [{ node: 'n0', address: '10.0.0.9' }];
    server.applyStatus({ kind: 'Network', name: 'net' }, { allocations }, { manager: 'k8slab-scheduler' });
    await clock.advance(5000);
    const read = (): string[] =>
      (
        server.get({ kind: 'Network', name: 'net' })?.status as { allocations: { node: string }[] }
      ).allocations.map(({ node }) => node);
    const held = read();
    server.remove({ kind: 'Node', name: 'n0' });
    addNode(server, 'n3');
    await clock.advance(5000);

    assert.deepEqual(held, ['n0', 'n1', 'n2']);
    assert.deepEqual(read(), ['n1', 'n2', 'n3']);
  });

  it('binds nobody whose address is not written', async () => {
    let isBroken = true;
    const { server, clock } = bed({
      before({ kind }) {
        if (isBroken && kind === 'Network') throw new Error('no');
      },
    });
    addLab(server, 3);
    await clock.advance(20_000);
    const meanwhile = bound(server);
    isBroken = false;
    await clock.advance(20_000);

    assert.deepEqual([meanwhile, bound(server)], [0, 3]);
  });

  it('writes nothing any more once it does not hold the Lease', async () => {
    const { server, clock, election } = bed({
      before({ kind }) {
        if (kind === 'Network') election.isHeld = false;
      },
    });
    addLab(server, 100);
    await clock.advance(20_000);

    assert.deepEqual([writes(server, 'Network'), bound(server)], [1, 0]);
  });

  it('counts on a Node whose answer was lost, and finds out what became of it', async () => {
    let lost = 0;
    const { server, clock } = bed({
      after({ verb, kind }) {
        if (verb === 'apply-status' && kind === 'Node' && lost++ === 3) throw new Error('lost');
      },
    });
    addLab(server, 3, '2Gi');
    await clock.advance(60_000);

    assert.equal(bound(server), 2);
  });

  it('tells a Node that nobody takes why, again only when that is another reason or a while later', async () => {
    const { server, clock, said } = bed();
    addLab(server, 1, '10Gi');
    addNode(server, 'big', '64Gi');
    await clock.advance(3000);
    const early = writes(server, 'Node');
    for (let index = 1; index < 6; index++) {
      addNode(server, `n${index}`);
      await clock.advance(1000);
    }
    const late = writes(server, 'Node') - early;
    await clock.advance(60_000);
    const { status } = server.get({ kind: 'Node', name: 'big' }) ?? {};

    assert.equal(late, 5);
    assert.equal(writes(server, 'Node') - early - late, 1);
    assert.match(JSON.stringify(status), /v1: needs 64Gi memory, 4Gi free/);
    assert.deepEqual(
      said.filter((each) => each.includes('big')),
      Array(2).fill('Node big FailedScheduling'),
    );
  });

  it('binds nobody by what the Node was when it was decided', async () => {
    const { server, clock } = bed({
      after({ kind }) {
        if (kind !== 'Network' || isEdited) return;
        isEdited = true;
        server.patch({ kind: 'Node', name: 'n0' }, { spec: { networks: [{ network: 'late' }] } });
        return new Promise((resolve) => setImmediate(resolve));
      },
    });
    let isEdited = false;
    addLab(server, 1);
    await clock.advance(20_000);

    assert.deepEqual([isEdited, bound(server)], [true, 0]);
  });

  it('binds no clone before its source is bound', async () => {
    let isRefused = true;
    const { server, clock } = bed({
      before({ kind, name }) {
        const { status } = server.get({ kind: 'Node', name: 'n0' }) ?? {};
        const isMarked = JSON.stringify(status ?? {}).includes('election');
        if (isRefused && kind === 'Node' && name === 'n0' && isMarked)
          throw new ReasonedError('TooManyRequests', 'not now');
      },
    });
    addLab(server, 1);
    const spec = { disk: { cloneOf: 'n0' }, networks: [{ network: 'net' }] };
    server.create({ kind: 'Node', metadata: { name: 'clone' }, spec });
    await clock.advance(20_000);
    const meanwhile = bound(server);
    isRefused = false;
    await clock.advance(20_000);

    assert.deepEqual([meanwhile, bound(server)], [0, 2]);
  });

  it('binds a Node again that its vmhost has let go, and leaves its old condition behind', async () => {
    const { server, clock } = bed();
    addLab(server, 1);
    await clock.advance(3000);
    server.applyStatus({ kind: 'Node', name: 'n0' }, { vmhost: '' }, { manager: 'v1' });
    await clock.advance(3000);

    assert.equal(bound(server), 1);
  });

  it('stops at once, with nothing left behind', async () => {
    const { server, clock, scheduler } = bed();
    addLab(server, 3);
    await scheduler.stop();
    await clock.advance(60_000);

    assert.deepEqual([server.calls.length, clock.pendingTimers()], [0, 0]);
  });
});
