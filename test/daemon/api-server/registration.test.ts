import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { vmhostLease } from '../../../src/api/vmhost/claim.ts';
import { startRegistration, type Registration } from '../../../src/daemon/api-server/registration.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock, type FakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServer } from '../../kube/fake.ts';

const LEASE = vmhostLease('v1');

interface Registered {
  readonly registration: Registration;
  readonly clock: FakeClock;
}

async function register(server: FakeApiServer, runID: string): Promise<Registered> {
  const clock = createFakeClock();
  const registration = startRegistration({
    kube: server.client(runID),
    vmhost: 'v1',
    labels: {},
    me: { machineID: 'm', bootID: 'b', runID },
    clock,
    log: silentLogger(),
    onChange: () => undefined,
  });
  await clock.advance(0);
  return { registration, clock };
}

function holder(server: FakeApiServer): Promise<string | undefined> {
  return server
    .client('admin')
    .lease.get(LEASE)
    .then((lease) => lease?.spec.holderIdentity);
}

describe('a vmhost on an API server', () => {
  it('renews its Lease by one request, before it asks for anything', async () => {
    const server = createFakeApiServer();
    const { clock } = await register(server, 'first');
    const before = server.calls.length;

    await clock.advance(20_000);

    assert.deepEqual(
      server.calls.slice(before).map(({ verb, kind }) => `${verb} ${kind}`),
      ['lease Lease', 'get Vmhost', 'lease Lease', 'get Vmhost'],
    );
  });

  it('renews it while nothing else is answered', async () => {
    let isBusy = false;
    const never = new Promise<void>(() => undefined);
    const server = createFakeApiServer({
      before: ({ verb }) => (isBusy && verb !== 'lease' ? never : undefined),
    });
    const { clock } = await register(server, 'first');
    const version = (await server.client('admin').lease.get(LEASE))?.resourceVersion;

    isBusy = true;
    await clock.advance(10_000);

    assert.notEqual((await server.client('admin').lease.get(LEASE))?.resourceVersion, version);
  });

  it('makes its Lease anew where somebody deleted it', async () => {
    const gone = createFakeApiServer();
    const { registration, clock } = await register(gone, 'first');
    gone.dropLease(LEASE);

    await clock.advance(10_000);

    assert.equal(await holder(gone), 'm/b/first');
    assert.equal(registration.refusal(), undefined);
  });

  it('ends to act once another daemon has taken its Lease, and leaves it alone', async () => {
    const server = createFakeApiServer();
    const { registration, clock } = await register(server, 'first');
    await register(server, 'second');

    await clock.advance(10_000);

    assert.equal(registration.refusal()?.reason, 'VmhostTaken');
    assert.equal(await holder(server), 'm/b/second');
    await clock.advance(10_000);
    assert.equal(await holder(server), 'm/b/second');
  });

  it('refuses once its Vmhost names another machine', async () => {
    const server = createFakeApiServer();
    const { registration, clock } = await register(server, 'first');
    await server
      .client('other')
      .applyStatus({ kind: 'Vmhost', name: 'v1' }, { machineID: 'other' }, { manager: 'x' });

    await clock.advance(10_000);

    assert.equal(registration.refusal()?.reason, 'VmhostTaken');
  });
});
