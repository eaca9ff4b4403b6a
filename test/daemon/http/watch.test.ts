import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formOf } from '../../../src/daemon/http/accept.ts';
import { objectResources } from '../../../src/daemon/http/objects.ts';
import { parseListQuery } from '../../../src/daemon/http/query.ts';
import { createRenderer } from '../../../src/daemon/http/render.ts';
import { createTurns } from '../../../src/daemon/http/turns.ts';
import { watchStream } from '../../../src/daemon/http/watch.ts';
import { settle } from '../../engine/fake-clock.ts';
import { BASE, createApiBed, type Line } from './api-bed.ts';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** `ADDED a` */
function told(lines: readonly Line[]): string[] {
  return lines.map(({ type, object }) => `${type} ${object.metadata.name}`);
}

describe('a watch', () => {
  it('from the version of a list tells what changes, of that resource alone', async () => {
    const { bed, json, watch, touch } = createApiBed('a', 'b');
    const { resourceVersion } = (await json(`${BASE}/nodes`))['metadata'] as { resourceVersion: string };
    touch('b');
    const lines = await watch(`${BASE}/nodes?watch=true&resourceVersion=${resourceVersion}`);

    assert.deepEqual(told(await lines.take(1)), ['MODIFIED b']);
    bed.apply('Network', 'other');
    bed.apply('Node', 'c');
    bed.store.remove('Node', 'c');
    assert.deepEqual(told(await lines.take(2)), ['ADDED c', 'DELETED c']);
    await lines.cancel();
    assert.equal(bed.clock.pendingTimers(), 0);
  });

  it('without a version begins with what there is', async () => {
    const { watch, touch } = createApiBed('a', 'b');

    for (const query of ['watch=1', 'watch=true&resourceVersion=0']) {
      const lines = await watch(`${BASE}/nodes?${query}`);
      assert.deepEqual(told(await lines.take(2)), ['ADDED a', 'ADDED b']);
      touch('a');
      assert.deepEqual(told(await lines.take(1)), ['MODIFIED a']);
    }
  });

  it('of labels adds what comes to have them, and deletes what has them no more', async () => {
    const { watch, label, touch } = createApiBed('a', 'b');
    label('a', { zone: 'a' });
    const lines = await watch(`${BASE}/nodes?watch=true&labelSelector=zone%3Da`);
    assert.deepEqual(told(await lines.take(1)), ['ADDED a']);

    touch('b');
    label('b', { zone: 'a' });
    touch('b');
    label('b', { zone: 'b' });
    touch('b');
    label('a', { zone: 'a', more: 'x' });

    assert.deepEqual(told(await lines.take(4)), ['ADDED b', 'MODIFIED b', 'DELETED b', 'MODIFIED a']);
  });

  it('of one name tells of nothing else', async () => {
    const { watch, touch } = createApiBed('a', 'b');
    const lines = await watch(`${BASE}/nodes?watch=true&fieldSelector=metadata.name%3Db`);
    touch('a');
    touch('b');

    assert.deepEqual(told(await lines.take(2)), ['ADDED b', 'MODIFIED b']);
  });

  it('ends when its time is over, and says before how far it came', async () => {
    const { bed, watch, touch } = createApiBed('a');
    const query = 'watch=true&timeoutSeconds=90&allowWatchBookmarks=true';
    const lines = await watch(`${BASE}/nodes?${query}&resourceVersion=${bed.store.version()}`);

    await bed.clock.advance(60_000);
    const [first] = await lines.take(1);
    touch('a');
    await bed.clock.advance(30_000);
    const rest = await lines.take(9);

    const { resourceVersion } = bed.object('Node', 'a').metadata;
    assert.deepEqual([first?.type, first?.object.kind], ['BOOKMARK', 'Node']);
    assert.deepEqual(
      rest.map(({ type, object }) => [type, object.metadata.resourceVersion]),
      [
        ['MODIFIED', resourceVersion],
        ['BOOKMARK', resourceVersion],
      ],
    );
    assert.equal(bed.clock.pendingTimers(), 0);
  });

  it('that asks for initial events is told when it has all of them', async () => {
    const { bed, watch, touch } = createApiBed('a');
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const lines = await watch(`${BASE}/nodes?${query}`);

    const [added, end = assert.fail()] = await lines.take(2);
    touch('a');

    assert.deepEqual([added?.type, end.type], ['ADDED', 'BOOKMARK']);
    assert.deepEqual(end.object.metadata.annotations, { 'k8s.io/initial-events-end': 'true' });
    assert.ok(Number(end.object.metadata.resourceVersion) < Number(bed.store.version()));
    assert.deepEqual(told(await lines.take(1)), ['MODIFIED a']);
  });

  it('shows tables, whose columns only the first one names, or metadata alone', async () => {
    const { watch, touch } = createApiBed('a');
    const tables = await watch(`${BASE}/nodes?watch=true&includeObject=None`, TABLE);
    const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
    const metadata = await watch(`${BASE}/nodes?watch=true`, partial);
    touch('a');

    const shown = (await tables.take(2)).map(({ object }) => object as unknown as Record<string, unknown[]>);
    const [, changed] = await metadata.take(2);

    assert.deepEqual(
      shown.map((table) => [
        table['kind'],
        (table['columnDefinitions']?.length ?? 0) > 0,
        table['rows']?.length,
      ]),
      [
        ['Table', true, 1],
        ['Table', false, 1],
      ],
    );
    assert.deepEqual(Object.keys(shown[0]?.['rows']?.[0] ?? {}), ['cells']);
    assert.deepEqual(Object.keys(changed?.object ?? {}), ['kind', 'apiVersion', 'metadata']);
  });

  it('that is read too slowly is told to list again, and keeps nothing', async () => {
    const { bed, watch, touch } = createApiBed('a');
    const lines = await watch(`${BASE}/nodes?watch=true&resourceVersion=${bed.store.version()}`);
    touch('a', 10_000);

    const read = await lines.take(20_000);

    const last = read.at(-1)?.object as Record<string, unknown> | undefined;
    assert.deepEqual([read.length < 10, read.at(-1)?.type, last?.['code']], [true, 'ERROR', 410]);
    assert.equal(bed.clock.pendingTimers(), 0);
  });

  it('whose client goes between a change and its turn ends there', async () => {
    const { bed, deps, touch } = createApiBed('a');
    const later: (() => void)[] = [];
    const resource = objectResources(deps).find(({ kind }) => kind === 'Node') ?? assert.fail();
    const stream = watchStream({
      resource,
      renderer: createRenderer(resource),
      form: formOf(undefined, undefined),
      query: parseListQuery(
        (name) => ({ watch: 'true', resourceVersion: bed.store.version() })[name],
        resource,
      ),
      clock: bed.clock,
      turns: createTurns((run) => later.push(run)),
      spread: (ms) => ms,
    });
    const reader = stream.getReader();
    const read = reader.read();
    await settle();

    touch('a');
    await reader.cancel();
    for (const run of later) assert.doesNotThrow(run);

    assert.deepEqual([later.length, (await read).done], [1, true]);
    assert.equal(bed.clock.pendingTimers(), 0);
  });

  it('writes a change once for all who watch in the same form', async (t) => {
    async function written(watches: number): Promise<number> {
      const { bed, watch } = createApiBed();
      const all = await Promise.all(Array.from({ length: watches }, () => watch(`${BASE}/nodes?watch=true`)));
      const stringify = t.mock.method(JSON, 'stringify');
      bed.apply('Node', 'a');
      for (const lines of all) assert.deepEqual(told(await lines.take(1)), ['ADDED a']);
      stringify.mock.restore();
      return stringify.mock.callCount();
    }

    assert.equal(await written(50), await written(1));
  });
});

describe('work in turns', () => {
  it('is all done, each once, a part of it at a time', () => {
    const later: (() => void)[] = [];
    const turns = createTurns((run) => later.push(run));
    const done: number[] = [];
    const work = Array.from({ length: 200 }, (_, index) => () => void done.push(index));

    for (const each of [...work, ...work]) turns.add(each);
    let steps = 0;
    for (let run = later.shift(); run !== undefined; run = later.shift()) {
      run();
      steps += 1;
    }

    assert.deepEqual(
      done,
      work.map((_, index) => index),
    );
    assert.equal(steps, 4);
  });
});
