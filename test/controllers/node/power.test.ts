import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PowerEvent, PowerVerb } from '../../../src/api/node/power.ts';
import { createTurns } from '../../../src/controllers/node/turns.ts';
import { createPower, type Power } from '../../../src/controllers/node/power.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { settle } from '../../engine/fake-clock.ts';
import { boot, callsFor, createLab, type Bed } from '../bed.ts';

interface Asked {
  readonly events: PowerEvent[];
  readonly ended: Promise<void>;
  readonly leave: () => void;
}

function powerOf(bed: Bed): Power {
  return createPower({ ...bed, log: silentLogger(), enqueue: () => undefined });
}

function ask(bed: Bed, verb: PowerVerb, name = 'a', force = false): Asked {
  const events: PowerEvent[] = [];
  const gone = new AbortController();
  const follow = powerOf(bed).ask(verb, name, { force });
  const ended = follow((event) => events.push(event), { timeoutMs: 60_000, signal: gone.signal });
  return { events, ended, leave: () => gone.abort() };
}

/** As the guest does that was asked to go down. */
function goDown(bed: Bed, name = 'a'): void {
  const domain = bed.world.domains.get(name);
  assert.ok(domain);
  domain.state = 'shutoff';
  const { mac } = bed.object('Node', name).status;
  bed.world.leases.splice(0, Infinity, ...bed.world.leases.filter((lease) => lease.mac !== mac));
  bed.world.guests.delete(bed.object('Node', name).status.address ?? '');
}

/** Passes until nothing changes; the bed's own `converge` takes no asking for a change. */
async function passes(bed: Bed, name = 'a'): Promise<void> {
  for (let round = 0; round < 3; round++) await bed.pass('Node', name);
}

function told(events: readonly PowerEvent[]): string[] {
  return events.map((event) => (event.type === 'step' ? event.action : event.type));
}

describe('a restart that a person asks for', () => {
  it('takes the guest down and brings it up again once, and ends when it is Ready', async () => {
    const bed = await createLab('a');
    const asked = ask(bed, 'restart');

    await passes(bed);
    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain']);
    goDown(bed);
    await passes(bed);
    boot(bed, 'a');
    await passes(bed);
    await asked.ended;

    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain', 'startDomain']);
    const steps = told(asked.events).filter((each) => each !== 'waiting');
    assert.deepEqual(steps, ['ShutdownDomain', 'StartDomain', 'finished']);
    await bed.converge();
    assert.equal(callsFor(bed, 'a').length, 2, 'it is asked for once');
  });

  it('is done whatever the policy says, and an event tells who asked', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { restart: 'Never' } });
    await bed.converge();
    bed.world.calls.length = 0;

    ask(bed, 'restart').leave();
    await bed.pass('Node', 'a');

    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain']);
    const restart = bed.recorder.list().filter(({ reason }) => reason === 'RestartRequested');
    assert.equal(restart.length, 1);
  });

  it('brings about what waited for one, and says nothing of that on its way', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { cpus: 2 });
    await bed.converge();
    assert.match(bed.condition(['Node', 'a'], 'RestartRequired')?.message ?? '', /k8slab restart a$/);

    const asked = ask(bed, 'restart');
    await passes(bed);
    asked.leave();

    assert.deepEqual(told(asked.events), ['ShutdownDomain', 'waiting']);
    const [, waits] = asked.events;
    assert.ok(waits?.type === 'waiting' && waits.reason === 'ShuttingDown');
  });

  it('goes on when nobody waits for it any more', async () => {
    const bed = await createLab('a');
    const asked = ask(bed, 'restart');
    asked.leave();
    await asked.ended;

    await passes(bed);
    goDown(bed);
    await passes(bed);

    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain', 'startDomain']);
  });

  it('starts a guest that went off by itself meanwhile, whatever policy.drift says', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { drift: 'Report' } });
    await bed.converge();
    ask(bed, 'restart').leave();
    goDown(bed);

    await bed.pass('Node', 'a');

    assert.deepEqual(callsFor(bed, 'a'), ['startDomain']);
  });

  it('of an off guest is a start', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { drift: 'Report' } });
    goDown(bed);
    await passes(bed);
    assert.deepEqual(callsFor(bed, 'a'), []);

    ask(bed, 'restart').leave();
    await passes(bed);

    assert.deepEqual(callsFor(bed, 'a'), ['startDomain']);
  });

  it('waits for the others of its role, says for whom, and goes on without them when told to', async () => {
    const bed = await createLab('a', 'b');
    for (const name of ['a', 'b']) bed.apply('Node', name, { role: 'master' });
    await bed.converge();
    bed.world.guests.delete(bed.object('Node', 'b').status.address ?? '');
    await bed.converge();
    bed.world.calls.length = 0;

    const asked = ask(bed, 'restart');
    await passes(bed);
    assert.deepEqual(callsFor(bed, 'a'), []);
    const [waits] = asked.events;
    assert.ok(waits?.type === 'waiting' && waits.reason === 'RolloutWaiting', JSON.stringify(waits));
    assert.match(waits.message, /b is not Ready/);

    ask(bed, 'restart', 'a', true).leave();
    await passes(bed);
    assert.deepEqual(callsFor(bed, 'a'), ['shutdownDomain']);
    asked.leave();
  });

  it('is never done to two guests of a role at once, told to or not', async () => {
    const bed = await createLab('a', 'b');
    for (const name of ['a', 'b']) bed.apply('Node', name, { role: 'master' });
    await bed.converge();

    for (const name of ['a', 'b']) ask(bed, 'restart', name, true).leave();
    await passes(bed, 'a');
    await passes(bed, 'b');

    assert.deepEqual([callsFor(bed, 'a'), callsFor(bed, 'b')], [['shutdownDomain'], []]);
  });

  it('is looked at again as soon as the other one is done, though a third is not Ready', async () => {
    const woken: string[] = [];
    const bed = await createLab('a', 'b', 'c');
    const turns = createTurns({ ...bed, limit: 8, enqueue: (node) => woken.push(node) });
    for (const name of ['a', 'b', 'c']) bed.apply('Node', name, { role: 'master' });
    await bed.converge();
    bed.world.guests.delete(bed.object('Node', 'c').status.address ?? '');
    await bed.converge();
    for (const name of ['a', 'b']) ask(bed, 'restart', name, true).leave();
    await passes(bed, 'a');
    await passes(bed, 'b');
    woken.length = 0;

    goDown(bed);
    await passes(bed);
    boot(bed, 'a');
    await passes(bed);

    assert.ok(woken.includes('b'), woken.join());
    turns.dispose();
  });

  it('says that it is not done while manifests contradict each other', async () => {
    const bed = await createLab('a');
    bed.condemned.add('Node/a');
    const asked = ask(bed, 'restart');

    await passes(bed);
    asked.leave();

    assert.deepEqual(callsFor(bed, 'a'), []);
    const [waits] = asked.events;
    assert.ok(waits?.type === 'waiting' && waits.reason === 'Conflict', JSON.stringify(asked.events));
  });

  it('says that it is not done since the guest would not start again', async () => {
    const bed = await createLab('a');
    const asked = ask(bed, 'restart');
    bed.world.disks.delete('a');

    await passes(bed);
    asked.leave();

    assert.deepEqual(callsFor(bed, 'a'), []);
    const [waits] = asked.events;
    assert.ok(waits?.type === 'waiting' && waits.reason === 'RestartRefused', JSON.stringify(asked.events));
  });

  it('ends after its time, and is done all the same', async () => {
    const bed = await createLab('a');
    const asked = ask(bed, 'restart');
    await passes(bed);

    await bed.clock.advance(60_000);
    await asked.ended;

    const last = asked.events.at(-1);
    assert.ok(last?.type === 'failed' && last.reason === 'Timeout');
    goDown(bed);
    await passes(bed);
    assert.equal(callsFor(bed, 'a').at(-1), 'startDomain');
  });

  it('is refused where the guest is not for k8slab to wake, or not there', async () => {
    const bed = await createLab('a');
    const domain = bed.world.domains.get('a');
    assert.ok(domain);
    domain.state = 'paused';
    await bed.pass('Node', 'a');

    assert.throws(() => ask(bed, 'restart'), { reason: 'Conflict', hint: 'virsh resume a' });
    assert.throws(() => ask(bed, 'restart', 'none'), { reason: 'NotFound' });
  });
});

describe('a stop that the manifest brings about', () => {
  it('ends when the guest is off', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { power: 'Stopped' });
    await bed.pass('Node', 'a');
    const asked = ask(bed, 'stop');

    goDown(bed);
    await passes(bed);
    await asked.ended;

    assert.deepEqual([asked.events[0]?.type, asked.events.at(-1)?.type], ['waiting', 'finished']);
  });
});

describe('a start that a person asks for', () => {
  it('brings up what policy.drift: Report left off, whose message names the command', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { drift: 'Report' } });
    goDown(bed);
    await passes(bed);
    assert.match(bed.condition(['Node', 'a'], 'Drifted')?.message ?? '', /k8slab start a$/);

    const asked = ask(bed, 'start');
    await passes(bed);
    boot(bed, 'a');
    await passes(bed);
    await asked.ended;

    assert.deepEqual(callsFor(bed, 'a'), ['startDomain']);
    assert.equal(asked.events.at(-1)?.type, 'finished');
    goDown(bed);
    await passes(bed);
    assert.deepEqual(callsFor(bed, 'a'), ['startDomain'], 'it is asked for once');
  });

  it('ends with what keeps libvirt from starting it', async () => {
    const bed = await createLab('a');
    bed.apply('Node', 'a', { policy: { drift: 'Report' } });
    goDown(bed);
    await passes(bed);
    bed.world.broken.set('startDomain', new Error('no memory'));

    const asked = ask(bed, 'start');
    await assert.rejects(bed.pass('Node', 'a'), /no memory/);
    await bed.pass('Node', 'a');
    await settle();
    await asked.ended;

    const last = asked.events.at(-1);
    assert.ok(last?.type === 'failed' && /no memory/.test(last.message), JSON.stringify(asked.events));
  });

  it('changes nothing about a guest that runs', async () => {
    const bed = await createLab('a');

    const asked = ask(bed, 'start');
    await asked.ended;

    assert.equal(asked.events.at(-1)?.type, 'finished');
    assert.equal(bed.memory.read(bed.object('Node', 'a'))?.asked, undefined);
  });
});

describe('what the manifest is against', () => {
  it('is refused with the place to edit', async () => {
    const bed = await createLab('a');
    const place = '/etc/k8slab.d/a.yaml:5';

    const refused = (verb: PowerVerb): unknown => {
      try {
        powerOf(bed).ask(verb, 'a', { place });
      } catch (error) {
        return [(error as Error).message, (error as { hint?: string }).hint];
      }
      return undefined;
    };
    assert.deepEqual(refused('stop'), [
      'cannot stop Node "a": its manifest says spec.power: Running, and k8slabd keeps to it',
      `edit ${place}: spec.power: Stopped`,
    ]);
    bed.apply('Node', 'a', { power: 'Stopped' });
    assert.deepEqual(refused('restart'), [
      'cannot restart Node "a": its manifest says spec.power: Stopped, and k8slabd keeps to it',
      `edit ${place}: spec.power: Running`,
    ]);
    assert.equal(refused('stop'), undefined);
  });

  it('is forgotten when the manifest says so later', async () => {
    const bed = await createLab('a');
    bed.world.broken.set('shutdownDomain', new Error('busy'));
    ask(bed, 'restart').leave();
    await assert.rejects(bed.pass('Node', 'a'), /busy/);

    bed.apply('Node', 'a', { power: 'Stopped' });
    bed.world.broken.clear();
    await bed.pass('Node', 'a');

    assert.equal(bed.memory.read(bed.object('Node', 'a'))?.asked, undefined);
  });
});
