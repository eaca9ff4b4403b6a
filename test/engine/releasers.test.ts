import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReleasers } from '../../src/engine/releasers.ts';
import { settle } from './fake-clock.ts';

test('releasers run one after the other, last added first', async () => {
  const releasers = createReleasers();
  const ran: string[] = [];
  for (const name of ['store', 'http', 'controllers']) {
    releasers.add(name, async () => {
      ran.push(`${name} stops`);
      await settle();
      ran.push(`${name} stopped`);
    });
  }

  await releasers.releaseAll();

  assert.deepEqual(
    ran,
    ['controllers', 'http', 'store'].flatMap((name) => [`${name} stops`, `${name} stopped`]),
  );
});

test('all run even if some fail, and all failures are told with their names and causes', async () => {
  const releasers = createReleasers();
  const ran: string[] = [];
  const busy = new Error('busy');
  releasers.add('first', () => void ran.push('first'));
  releasers.add('sync', () => {
    throw busy;
  });
  releasers.add('async', () => Promise.reject(new Error('gone')));
  releasers.add('last', () => void ran.push('last'));

  const failed = await releasers.releaseAll().then(
    () => assert.fail('did not throw'),
    (error: unknown) => error as AggregateError,
  );

  assert.deepEqual(ran, ['last', 'first']);
  assert.equal(failed.message, 'cannot stop "async": gone; cannot stop "sync": busy');
  assert.equal((failed.errors[1] as Error).cause, busy);
});

test('releasing twice throws, also while the first is under way', async () => {
  const releasers = createReleasers();
  let runs = 0;
  releasers.add('slow', async () => {
    runs += 1;
    await settle();
  });

  const first = releasers.releaseAll();
  await assert.rejects(releasers.releaseAll(), /twice/);
  await first;
  await assert.rejects(releasers.releaseAll(), /twice/);

  assert.equal(runs, 1);
});

test('what is added after the release is refused, so that it is not left running unnoticed', async () => {
  const releasers = createReleasers();
  await releasers.releaseAll();

  assert.throws(() => releasers.add('late', () => undefined), /cannot add releaser "late"/);
});
