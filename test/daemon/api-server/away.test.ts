import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { vmhostLease } from '../../../src/api/vmhost/claim.ts';
import { startAway } from '../../../src/daemon/api-server/away.ts';
import { conditionOf } from '../../../src/daemon/api-server/scheduled.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServerOptions } from '../../kube/fake.ts';

function bed(isElected = true, options: FakeApiServerOptions = {}) {
  const server = createFakeApiServer(options);
  const clock = createFakeClock();
  const kube = server.client('one');
  const watch = kube.watch(() => undefined);
  const said: string[] = [];
  const election = { isElected, holds: () => election.isElected };
  const away = startAway({
    ...{ kube, watch, clock, election, log: silentLogger() },
    record: (ref, _, reason) => void said.push(`${reason} ${'name' in ref ? ref.name : ref.metadata.name}`),
  });
  const renewing = new Set(['v1', 'v2']);
  for (const name of renewing) server.create({ kind: 'Vmhost', metadata: { name } });
  for (const name of ['a', 'b', 'c']) {
    server.create({ kind: 'Node', metadata: { name } });
    const vmhost = name === 'c' ? 'v1' : 'v2';
    server.applyStatus({ kind: 'Node', name }, { vmhost }, { manager: 'k8slab-scheduler' });
  }
  const leases = server.client('vmhosts').lease;
  /** Renewals each 10 s, by clocks that are hours off. */
  async function pass(seconds: number): Promise<void> {
    for (let at = 0; at < seconds; at++) {
      if (at % 10 === 0) {
        for (const name of renewing) {
          const renewTime = new Date(clock.now() - 7_200_000).toISOString();
          const found = await leases.get(vmhostLease(name)).catch(() => undefined);
          if (found === undefined)
            await leases.create(vmhostLease(name), { renewTime }).catch(() => undefined);
          else
            await leases
              .update(vmhostLease(name), { renewTime }, found.resourceVersion)
              .catch(() => undefined);
        }
      }
      await clock.advance(1000);
    }
  }
  const ready = (kind: 'Node' | 'Vmhost', name: string): string | undefined => {
    const { status, reason } = conditionOf(server.get({ kind, name }) ?? {}, 'Ready') ?? {};
    return status === undefined ? undefined : `${status} ${reason ?? ''}`;
  };
  const applied = (): number => server.calls.filter(({ verb }) => verb === 'apply-status').length;
  return { server, clock, away, election, said, renewing, pass, ready, applied };
}

const AWAY = 'Unknown VmhostAway';

describe('vmhosts that are away', () => {
  it('are told of though the API server refuses what is said of one of them, or of a Node', async () => {
    const { renewing, pass, ready } = bed(true, {
      before: ({ verb, name }) => assert.ok(verb !== 'apply-status' || !['v1', 'a'].includes(name)),
    });
    await pass(30);
    renewing.clear();

    await pass(60);

    assert.deepEqual([ready('Vmhost', 'v2'), ready('Node', 'b'), ready('Node', 'c')], [AWAY, AWAY, AWAY]);
  });

  it('are seen within 40 s, with their Nodes and no others', async () => {
    const { renewing, pass, ready, away, said } = bed();
    await pass(60);
    assert.deepEqual([away.vmhosts(), said], [[], []]);
    renewing.delete('v2');
    await pass(19);
    const early = ready('Vmhost', 'v2');
    await pass(21);

    assert.equal(early, undefined);
    assert.deepEqual([ready('Vmhost', 'v2'), ready('Node', 'a'), ready('Node', 'b')], [AWAY, AWAY, AWAY]);
    assert.deepEqual([ready('Vmhost', 'v1'), ready('Node', 'c')], [undefined, undefined]);
    assert.deepEqual([away.vmhosts(), said], [['v2'], ['VmhostAway v2']]);
  });

  it('are seen within 36 s of their last renewal, whenever that was, by a daemon that is elected because one of them is gone', async () => {
    for (let phase = 0; phase < 10; phase++) {
      const { clock, renewing, pass, ready, election } = bed(false);
      await clock.advance(phase * 1000);
      await pass(31);
      renewing.delete('v2');
      await pass(14);
      election.isElected = true;
      await pass(21);

      assert.equal(ready('Vmhost', 'v2'), AWAY, `looks ${phase} s before renewals`);
    }
  });

  it('are told of once, and that they are back', async () => {
    const { renewing, pass, said, applied, away } = bed();
    await pass(20);
    renewing.delete('v2');
    await pass(60);
    const before = applied();
    await pass(300);
    assert.equal(applied(), before);
    renewing.add('v2');
    await pass(20);

    assert.deepEqual([away.vmhosts(), said], [[], ['VmhostAway v2', 'VmhostBack v2']]);
  });

  it('are none where nobody could renew: the API server was away, or this daemon stood still', async () => {
    const { server, pass, said, clock } = bed();
    await pass(30);
    server.away(true);
    const looks = (): number => server.calls.filter(({ client }) => client === 'one').length;
    const before = looks();
    await pass(600);
    assert.ok(looks() - before <= 121, 'a look each 5 s');
    server.away(false);
    await pass(60);
    const afterServer = [...said];
    await clock.advance(1);

    assert.deepEqual(afterServer, []);
  });

  it('are none after an outage of any length, though they renew 2 s after it', async () => {
    for (let seconds = 1; seconds <= 45; seconds++) {
      const { server, pass, said, clock } = bed();
      await pass(30);
      server.away(true);
      await pass(seconds);
      server.away(false);
      await clock.advance(2000);
      await pass(40);

      assert.deepEqual(said, [], `${seconds} s`);
    }
  });

  it('are known to a daemon already when it is elected because of them', async () => {
    const { renewing, pass, ready, election } = bed(false);
    await pass(30);
    renewing.delete('v2');
    await pass(60);
    const before = ready('Vmhost', 'v2');
    election.isElected = true;
    await pass(11);

    assert.deepEqual([before, ready('Vmhost', 'v2')], [undefined, AWAY]);
  });

  it('have the last word when they are back meanwhile', async () => {
    const { server, renewing, pass, ready } = bed();
    await pass(20);
    renewing.delete('v2');
    server.hold('one', true);
    const conditions = [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }];
    server.applyStatus({ kind: 'Node', name: 'a' }, { conditions }, { manager: 'v2' });
    await pass(60);

    assert.deepEqual([ready('Node', 'a'), ready('Node', 'b')], ['True Ready', AWAY]);
  });
});
