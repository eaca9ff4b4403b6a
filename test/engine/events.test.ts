import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uuidOf } from '../../src/api/uuid.ts';
import { createEvents, type ApiEvent, type EventRecorder } from '../../src/engine/events.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

interface Bed {
  readonly clock: FakeClock;
  readonly events: EventRecorder;
  readonly emitted: ApiEvent[];
}

const master = { kind: 'Node', name: 'master00' } as const;
const worker = { kind: 'Node', name: 'worker00' } as const;

function createBed(limit?: number): Bed {
  const clock = createFakeClock();
  const events = createEvents({ clock, ...(limit === undefined ? {} : { limit }) });
  const emitted: ApiEvent[] = [];
  events.subscribe((event) => emitted.push(event));
  return { clock, events, emitted };
}

test('an event carries what core/v1 asks for', () => {
  const { events, emitted } = createBed();

  events.record({ ...master, uid: 'u-1' }, 'Normal', 'DomainStarted', 'started domain "master00"');

  assert.deepEqual(events.list(), [
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: 'master00.0000000000000001',
        namespace: 'default',
        uid: uuidOf('Event/master00.0000000000000001'),
        resourceVersion: '1',
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      involvedObject: { apiVersion: 'k8slab.io/v1alpha1', kind: 'Node', name: 'master00', uid: 'u-1' },
      type: 'Normal',
      reason: 'DomainStarted',
      message: 'started domain "master00"',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'k8slab' },
      reportingComponent: 'k8slab',
    },
  ]);
  assert.deepEqual(emitted, events.list());
});

test('an object of the store is as good as a reference', () => {
  const { events } = createBed();
  const metadata = {
    name: 'master00',
    uid: 'u-1',
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: '',
  };

  events.record({ kind: 'Node', metadata }, 'Normal', 'DomainStarted', 'm');
  events.record({ kind: 'Node', name: 'master00', uid: 'u-1' }, 'Normal', 'DomainStarted', 'm');

  assert.equal(events.list(master)[0]?.count, 2);
});

test('a repeated event is one event with a higher count and a later lastTimestamp', async () => {
  const { events, emitted, clock } = createBed();
  events.record(master, 'Warning', 'ImageMissing', 'no image');
  await clock.advance(90_000);

  events.record(master, 'Warning', 'ImageMissing', 'no image');

  const [event, ...others] = events.list();
  assert.deepEqual(others, []);
  assert.equal(event?.count, 2);
  assert.equal(event.firstTimestamp, '2026-01-01T00:00:00Z');
  assert.equal(event.lastTimestamp, '2026-01-01T00:01:30Z');
  assert.deepEqual(
    emitted.map(({ count }) => count),
    [1, 2],
  );
  assert.equal(emitted[0]?.metadata.name, emitted[1]?.metadata.name);
});

test('events that differ in object, uid, type, reason or message are kept apart', () => {
  const { events } = createBed();

  events.record(master, 'Normal', 'A', 'm');
  events.record(worker, 'Normal', 'A', 'm');
  events.record({ ...master, uid: 'other' }, 'Normal', 'A', 'm');
  events.record(master, 'Warning', 'A', 'm');
  events.record(master, 'Normal', 'B', 'm');
  events.record(master, 'Normal', 'A', 'n');
  events.record({ kind: 'Network', name: 'master00' }, 'Normal', 'A', 'm');

  assert.equal(events.list().length, 7);
  assert.equal(new Set(events.list().map(({ metadata }) => metadata.name)).size, 7);
});

test('beyond ten messages of one reason within ten minutes, they become one event', () => {
  const { events } = createBed();

  for (let turn = 1; turn <= 14; turn += 1) events.record(master, 'Warning', 'SSHFailed', `attempt ${turn}`);

  const listed = events.list();
  assert.equal(listed.length, 11);
  assert.equal(listed.at(-2)?.message, 'attempt 10');
  assert.equal(listed.at(-1)?.message, '(combined from similar events): attempt 14');
  assert.equal(listed.at(-1)?.count, 4);
});

test('a repeat of one of the ten stays that event', () => {
  const { events } = createBed();
  for (let turn = 1; turn <= 12; turn += 1) events.record(master, 'Warning', 'SSHFailed', `attempt ${turn}`);

  events.record(master, 'Warning', 'SSHFailed', 'attempt 3');

  assert.equal(events.list().find(({ message }) => message === 'attempt 3')?.count, 2);
});

test('similar events are told apart again once ten minutes passed without one', async () => {
  const { events, clock } = createBed();
  for (let turn = 1; turn <= 11; turn += 1) events.record(master, 'Warning', 'SSHFailed', `attempt ${turn}`);
  await clock.advance(600_001);

  events.record(master, 'Warning', 'SSHFailed', 'attempt 12');

  assert.equal(events.list().at(-1)?.message, 'attempt 12');
});

test('one object emits 25 events at once, then one in five minutes; others are not affected', async () => {
  const { events, emitted, clock } = createBed();
  for (let turn = 0; turn < 40; turn += 1) events.record(master, 'Warning', `Reason${turn}`, 'm');
  assert.equal(emitted.length, 25);
  events.record(worker, 'Normal', 'A', 'm');
  assert.equal(emitted.length, 26);

  await clock.advance(299_000);
  events.record(master, 'Warning', 'Late', 'm');
  assert.equal(emitted.length, 26);
  await clock.advance(1000);
  events.record(master, 'Warning', 'Late', 'm');
  events.record(master, 'Warning', 'Later', 'm');

  assert.equal(emitted.length, 27);
  assert.equal(emitted.at(-1)?.reason, 'Late');
  assert.deepEqual(
    events.list(worker).map(({ reason }) => reason),
    ['A'],
  );
});

test('repeats that the spam filter holds back are counted all the same', () => {
  const { events, emitted } = createBed();

  for (let turn = 0; turn < 40; turn += 1) events.record(master, 'Warning', 'ImageMissing', 'no image');

  assert.equal(emitted.length, 25);
  assert.equal(events.list()[0]?.count, 40);
});

test('the events seen least recently are forgotten beyond the limit', () => {
  const { events } = createBed(3);
  for (const name of ['a', 'b', 'c']) events.record({ kind: 'Node', name }, 'Normal', 'A', 'm');
  events.record({ kind: 'Node', name: 'a' }, 'Normal', 'A', 'm');

  events.record({ kind: 'Node', name: 'd' }, 'Normal', 'A', 'm');

  assert.deepEqual(
    events.list().map(({ involvedObject }) => involvedObject.name),
    ['c', 'a', 'd'],
  );
});

test('a message is cut to what Kubernetes allows, combined ones too', () => {
  const { events } = createBed();

  for (let turn = 0; turn < 12; turn += 1)
    events.record(master, 'Warning', 'A', `${turn}${'x'.repeat(5000)}`);

  assert.deepEqual(new Set(events.list().map(({ message }) => message.length)), new Set([1024]));
});

test('a step of the wall clock lifts no limit', () => {
  const { events, emitted, clock } = createBed();
  for (let turn = 0; turn < 25; turn += 1) events.record(master, 'Warning', `Reason${turn}`, 'm');

  clock.step(86_400_000);
  events.record(master, 'Warning', 'Another', 'm');

  assert.equal(emitted.length, 25);
});

test('nothing comes after unsubscribe', () => {
  const { events } = createBed();
  const unsubscribe = events.subscribe(() => assert.fail('called'));

  unsubscribe();
  events.record(master, 'Normal', 'A', 'm');
});

test('a watch tells what came after its version, then what comes, be it new, repeated or forgotten', () => {
  const { events } = createBed(2);
  events.record(master, 'Normal', 'Before', 'm');
  const seen: string[] = [];
  const since = events.version();
  events.record(master, 'Normal', 'A', 'm');

  const end = events.watch(since, ({ type, object }) => seen.push(`${type} ${object.reason}`));
  events.record(master, 'Normal', 'A', 'm');
  events.record(worker, 'Normal', 'B', 'm');
  end();
  events.record(worker, 'Normal', 'C', 'm');

  assert.deepEqual(seen, ['ADDED A', 'MODIFIED A', 'ADDED B', 'DELETED Before']);
});

test('a watch of another run of the daemon is told to list again', () => {
  const clock = createFakeClock();
  const [before, after] = [createEvents({ clock }), createEvents({ clock, firstVersion: 1000 })];
  before.record(master, 'Normal', 'A', 'm');

  assert.throws(() => after.watch(before.version(), () => undefined), { reason: 'Expired' });
  assert.doesNotThrow(() => after.watch(after.version(), () => undefined));
});
