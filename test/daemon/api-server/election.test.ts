import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SCHEDULER_LEASE, startElection, type Election } from '../../../src/daemon/api-server/election.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock, settle, type FakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServer } from '../../kube/fake.ts';

interface Candidate {
  readonly election: Election;
  readonly clock: FakeClock;
  /** How often `holds` changed. */
  readonly changes: () => number;
}

function candidate(server: FakeApiServer, identity: string, clock = createFakeClock()): Candidate {
  let changes = 0;
  const election = startElection({
    lease: server.client(identity).lease,
    clock,
    random: () => 0.5,
    log: silentLogger(),
    identity,
    onChange() {
      changes += 1;
    },
  });
  return { election, clock, changes: () => changes };
}

async function advance(ms: number, ...all: readonly Candidate[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) for (const { clock } of all) await clock.advance(250);
}

describe('the election of who places Nodes', () => {
  it('has one holder, and none that another did not take over from', async () => {
    const server = createFakeApiServer();
    const all = ['a', 'b', 'c'].map((name) => candidate(server, name));

    for (let seconds = 0; seconds < 60; seconds++) {
      await advance(1000, ...all);
      assert.equal(all.filter(({ election }) => election.holds()).length, 1);
    }
    assert.equal(all[0]?.election.holds(), true);
    assert.equal(all[1]?.election.holder(), 'a');
  });

  it('goes on within 15 s after the holder was killed, whatever the clocks of the vmhosts say', async () => {
    const server = createFakeApiServer();
    const a = candidate(server, 'a');
    await advance(1000, a);
    const b = candidate(server, 'b', createFakeClock(Date.UTC(1999, 0, 1)));
    await advance(20_000, a, b);

    let waited = 0;
    for (; !b.election.holds(); waited += 250) await advance(250, b);

    assert.ok(waited <= 15_000, `${waited} ms`);
    assert.ok(waited >= 7000, `${waited} ms: earlier than its Lease had run out`);
  });

  it('stops to hold before anybody else may, though it learns nothing', async () => {
    const server = createFakeApiServer();
    const [a, b] = [candidate(server, 'a'), candidate(server, 'b')];
    await advance(5000, a, b);
    server.away(true);

    for (let passed = 0; passed < 30_000; passed += 250) {
      if (passed === 8000) server.away(false);
      // The clock of the first one runs, but none of its calls gets through any more.
      await a.clock.advance(250);
      await b.clock.advance(250);
      assert.ok(Number(a.election.holds()) + Number(b.election.holds()) <= 1);
    }
  });

  it('is another term after somebody else had it, and the same one after a renewal that came late', async () => {
    const server = createFakeApiServer();
    const a = candidate(server, 'a');
    await advance(1000, a);
    const first = a.election.token();
    server.away(true);
    await advance(9000, a);
    const lapsed = a.election.holds();
    server.away(false);
    await advance(4000, a);

    assert.deepEqual([lapsed, a.election.holds(), a.election.token()], [false, true, first]);
    const b = candidate(server, 'b');
    await advance(20_000, b);
    await advance(5000, a, b);
    assert.deepEqual([a.election.holds(), b.election.holds()], [false, true]);
    await b.election.stop();
    await advance(5000, a);
    assert.equal(a.election.holds(), true);
    assert.notEqual(a.election.token(), first);
  });

  it('knows its own Lease though the answer was lost', async () => {
    let isLost = true;
    const server = createFakeApiServer({
      after({ verb }) {
        if (verb === 'lease' && isLost && server.calls.length === 2) throw new Error('lost');
      },
    });
    const a = candidate(server, 'a');
    await advance(1000, a);
    const before = a.election.holds();
    isLost = false;
    await advance(4000, a);

    assert.deepEqual([before, a.election.holds()], [false, true]);
  });

  it('gives the Lease away at the end, so that nobody waits', async () => {
    const server = createFakeApiServer();
    const [a, b] = [candidate(server, 'a'), candidate(server, 'b')];
    await advance(5000, a, b);

    await a.election.stop();
    await advance(3500, b);

    assert.deepEqual([a.election.holds(), b.election.holds()], [false, true]);
    assert.deepEqual([a.clock.pendingTimers(), a.changes()], [0, 1]);
  });

  it('asks once each 3 s', async () => {
    const server = createFakeApiServer();
    const [a, b] = [candidate(server, 'a'), candidate(server, 'b')];
    await advance(3000, a, b);
    const before = server.calls.length;
    await advance(300_000, a, b);
    await settle();

    const calls = server.calls.slice(before);
    const of = (client: string): number => calls.filter((call) => call.client === client).length;
    assert.ok(of('a') <= 101 && of('b') <= 101, `${of('a')}, ${of('b')}`);
    assert.ok(calls.every(({ name }) => name === SCHEDULER_LEASE));
  });
});
