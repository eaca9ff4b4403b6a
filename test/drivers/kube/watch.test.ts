import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { reasonOf } from '../../../src/api/errors.ts';
import { createKube } from '../../../src/drivers/kube/client.ts';
import type { Kube, KubeChange, KubeWatch } from '../../../src/drivers/kube.ts';
import { list, object, page, serveBadly, status, told, watch, type BadServer } from './server.ts';

let server: BadServer;
let kube: Kube;
/** What was slept, of which nobody waits. */
let slept: number[];
beforeEach(async () => {
  slept = [];
  server = await serveBadly();
  kube = createKube({
    kubeconfig: server.kubeconfig,
    kinds: [{ kind: 'Node', plural: 'nodes' }],
    reporter: 'vmhost1',
    random: () => 0.5,
    sleep: (ms) => {
      slept.push(Math.round(ms));
      return Promise.resolve();
    },
    silenceMs: 1000,
    deadlineMs: 1000,
    listMs: 1000,
  });
});
afterEach(async () => {
  await kube.dispose();
  await server.close();
});

/** Resolves once `holds` after a change, or after a request. */
async function listen(holds: (watch: KubeWatch) => boolean): Promise<readonly string[]> {
  const words: string[] = [];
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const watching = kube.watch((change: KubeChange) => {
    if ('object' in change) words.push(`${change.type} ${change.object.metadata.name}`);
    if (change.type === 'Listed') words.push('Listed');
    if (holds(watching)) resolve(undefined);
  });
  await promise;
  return words;
}

/** The versions that watches began at; a list is ''. */
function began(): string[] {
  return server.asked.map(({ searchParams }) => searchParams.get('resourceVersion') ?? '');
}

function knows(name: string): (watch: KubeWatch) => boolean {
  return (watching) => watching.objects('Node').has(name);
}

const QUIET = watch('', 'stays');

describe('a list that an API server answers in parts', () => {
  it('is one list, and is watched from where it was', async () => {
    server.answer(page('5', 'more', 'a', 'b'), page('5', 'last', 'c'), list('5', 'd'), QUIET);

    assert.deepEqual(await listen((watching) => watching.synced()), [
      'Added a',
      'Added b',
      'Added c',
      'Added d',
      'Listed',
    ]);

    assert.deepEqual(
      server.asked.slice(0, 3).map(({ searchParams }) => searchParams.get('continue')),
      [null, 'more', 'last'],
    );
    assert.ok(server.asked.slice(0, 3).every(({ searchParams }) => Number(searchParams.get('limit')) > 0));
  });

  it('begins anew where the API server has forgotten the rest of it', async () => {
    server.answer(page('5', 'more', 'a'), status(410), list('7', 'b'), QUIET);

    assert.deepEqual(await listen((watching) => watching.synced()), ['Added b', 'Listed']);
  });
});

describe('a watch of an API server that misbehaves', () => {
  it('is let alone for as long as a 429 asks for, and some more', async () => {
    server.answer(status(429, { 'retry-after': '7' }), list('5', 'a'), QUIET);

    await listen(knows('a'));

    assert.deepEqual(slept, [7000 * 1.25]);
  });

  it('is asked more and more seldom while it answers 500, and says so', async () => {
    const problems: string[] = [];
    server.answer(...Array.from({ length: 6 }, () => status(500)), list('5', 'a'), QUIET);

    await listen((watching) => {
      problems.push(reasonOf(watching.problem(), 'none'));
      return watching.problem() === undefined && knows('a')(watching);
    });

    assert.deepEqual(slept, [1000, 2000, 4000, 8000, 10_000, 10_000]);
    assert.deepEqual([problems[0], problems.at(-1)], ['ServerError', 'none']);
  });

  for (const how of ['ends', 'breaks'] as const)
    it(`begins again after the last whole event when half of one is told and the connection ${how}`, async () => {
      const half = told('ADDED', object('c', '7')).slice(0, 30);
      server.answer(
        list('5', 'a'),
        watch(told('ADDED', object('b', '6')) + half, how),
        watch(told('ADDED', object('c', '7')), 'stays'),
      );

      const words = await listen(knows('c'));

      assert.deepEqual(words, ['Added a', 'Listed', 'Added b', 'Added c']);
      assert.deepEqual(began(), ['', '5', '6']);
    });

  it('begins again where it was when nothing comes any more, even in the middle of an event', async () => {
    server.answer(
      list('5', 'a'),
      watch(told('ADDED', object('b', '6')) + '{"type":"ADD', 'stays'),
      watch(told('ADDED', object('c', '7')), 'stays'),
    );

    await listen(knows('c'));

    assert.deepEqual(began(), ['', '5', '6']);
  });

  it('fails in time where nothing is answered at all', async () => {
    server.answer(() => undefined);

    let why: unknown;
    await listen((watching) => {
      why = watching.problem();
      return why !== undefined;
    });

    assert.equal(reasonOf(why), 'Unreachable');
  });

  it('goes on from a bookmark', async () => {
    server.answer(
      list('5'),
      watch(told('BOOKMARK', { metadata: { resourceVersion: '50' } })),
      watch(told('ADDED', object('a', '51')), 'stays'),
    );

    await listen(knows('a'));

    assert.deepEqual(began(), ['', '5', '50']);
    assert.equal(server.asked[1]?.searchParams.get('allowWatchBookmarks'), 'true');
  });

  const LOST = {
    'a version is forgotten': watch(told('ERROR', { kind: 'Status', code: 410 })),
    'what it tells cannot be read': watch('<html>\n', 'stays'),
    'it answers 410': status(410),
  };
  for (const [why, answer] of Object.entries(LOST))
    it(`lists again when ${why}, and tells what went meanwhile`, async () => {
      server.answer(list('5', 'a'), answer, list('9', 'b'), QUIET);

      const words = await listen(knows('b'));

      assert.deepEqual(words, ['Added a', 'Listed', 'Deleted a', 'Added b']);
      assert.deepEqual(began().slice(0, 3), ['', '5', '']);
    });

  it('keeps what it knows while it fails', async () => {
    server.answer(list('5', 'a'), status(500), status(503), watch(told('ADDED', object('b', '6')), 'stays'));

    const words = await listen(knows('b'));

    assert.deepEqual(words, ['Added a', 'Listed', 'Added b']);
  });

  it('tells an object that was made anew under its name as gone and come', async () => {
    const other = { kind: 'Node', metadata: { name: 'a', uid: 'other', resourceVersion: '6' } };
    server.answer(list('5', 'a'), watch(told('MODIFIED', other) + told('ADDED', object('b', '7')), 'stays'));

    const words = await listen(knows('b'));

    assert.deepEqual(words, ['Added a', 'Listed', 'Deleted a', 'Added a', 'Added b']);
  });
});
