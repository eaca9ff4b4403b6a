import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startSummaries } from '../../../src/daemon/api-server/summaries.ts';
import { conditionOf } from '../../../src/daemon/api-server/scheduled.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createFakeClock } from '../../engine/fake-clock.ts';
import { createFakeApiServer, type FakeApiServerOptions } from '../../kube/fake.ts';

const NET = { kind: 'Network', name: 'net' } as const;

function bed(options: FakeApiServerOptions = {}) {
  const server = createFakeApiServer(options);
  const clock = createFakeClock();
  const kube = server.client('one');
  const watch = kube.watch((change) => summaries.tell(change));
  const summaries = startSummaries({
    kube,
    watch,
    clock,
    election: { holds: () => true },
    log: silentLogger(),
  });
  server.create({ kind: 'Network', metadata: { name: 'net' } });
  for (const name of ['v1', 'v2', 'v3']) server.create({ kind: 'Vmhost', metadata: { name } });
  const say = (name: string, ready: string, message = ''): void =>
    void server.applyStatus(
      NET,
      { vmhosts: [{ name, ready, reason: 'Because', message }] },
      { manager: name },
    );
  const told = async (): Promise<string> => {
    await clock.advance(10_000);
    const { status, message } = conditionOf(server.get(NET) ?? {}, 'Ready') ?? {};
    return `${status ?? ''}: ${message ?? ''}`;
  };
  return { server, say, told };
}

describe('what several vmhosts have', () => {
  it('is ready once it is so on all that have it', async () => {
    const { say, told } = bed();
    const unused = await told();
    say('v1', 'True');
    say('v2', 'False', 'its bridge is down');
    const partly = await told();
    say('v2', 'True');

    assert.equal(unused, 'Unknown: no vmhost has a Node that needs it');
    assert.equal(partly, 'False: ready on 1 of 2: v2: its bridge is down');
    assert.equal(await told(), 'True: ready on 2 of 2');
  });

  it('is said though the API server refuses what is said of another object', async () => {
    const { server, say, told } = bed({ before: ({ name }) => assert.notEqual(name, 'bad') });
    server.create({ kind: 'Network', metadata: { name: 'bad' } });
    server.create({ kind: 'Network', metadata: { name: 'another' } });
    say('v1', 'True');

    assert.equal(await told(), 'True: ready on 1 of 1');
    assert.notEqual(conditionOf(server.get({ kind: 'Network', name: 'another' }) ?? {}, 'Ready'), undefined);
  });

  it('is unknown where a vmhost is away, and nothing of one that is no longer there', async () => {
    const { server, say, told } = bed();
    for (const name of ['v1', 'v2', 'v3']) say(name, 'True');
    const conditions = [{ type: 'Ready', status: 'Unknown', reason: 'VmhostAway', message: '' }];
    server.applyStatus({ kind: 'Vmhost', name: 'v2' }, { conditions }, { manager: 'x' });
    const away = await told();
    server.remove({ kind: 'Vmhost', name: 'v2' });

    assert.equal(away, 'Unknown: ready on 2 of 3: v2: the vmhost is away');
    assert.equal(await told(), 'True: ready on 2 of 2');
  });

  it('is written when it is another thing only', async () => {
    const { server, say, told } = bed();
    say('v1', 'True');
    await told();
    const before = server.calls.length;
    for (let index = 0; index < 20; index++) {
      server.applyStatus(NET, { bridge: `b${index}` }, { manager: 'v1x' });
      await told();
    }

    assert.equal(server.calls.length, before);
  });
});
