import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { follow, type Followed } from '../../src/cli/watch.ts';
import { resourceOf } from '../../src/cli/selection.ts';
import { listOf, script, thing, unreachable, type Answer } from './script.ts';

const LIST = 'GET /apis/k8slab.io/v1alpha1/nodes';
const WATCH = 'WATCH /apis/k8slab.io/v1alpha1/nodes';
const EXPIRED = {
  type: 'ERROR',
  object: { kind: 'Status', reason: 'Expired', code: 410, message: 'too old' },
};

interface Told {
  readonly changes: string[];
  readonly asked: string[];
  readonly warned: string[];
}

/** Follows until so many changes were told, or the sleeps are used up. */
async function told(answers: Record<string, readonly Answer[]>, sleeps = 10): Promise<Told> {
  const { client, asked } = script(answers);
  const stop = new AbortController();
  const warned: string[] = [];
  const changes: string[] = [];
  let slept = 0;
  const followed = follow(client, {
    resource: resourceOf('nodes', 'get'),
    selectors: { selector: 'zone=a' },
    accept: 'application/json',
    signal: stop.signal,
    warn: (text) => void warned.push(text),
    sleep() {
      slept += 1;
      if (slept >= sleeps) stop.abort();
      return Promise.resolve();
    },
  });
  for await (const change of followed) changes.push(written(change));
  return { changes, asked, warned };
}

function written(change: Followed): string {
  const items = change.type === 'LISTED' ? change.items : [change.item];
  return `${change.type} ${items.map(({ metadata }) => `${metadata.name}:${metadata.resourceVersion}`).join(' ')}`;
}

function event(type: string, name: string, version: number): object {
  return { type, object: thing(name, version) };
}

describe('following what changes', () => {
  it('lists, and watches from there on', async () => {
    const { changes, asked } = await told(
      {
        [LIST]: [listOf(7, thing('a', 3))],
        [WATCH]: [[event('MODIFIED', 'a', 8), event('ADDED', 'b', 9), event('DELETED', 'a', 10)]],
      },
      1,
    );

    assert.deepEqual(changes, ['LISTED a:3', 'MODIFIED a:8', 'ADDED b:9', 'DELETED a:10']);
    assert.equal(asked[0], `${LIST}?labelSelector=zone=a`);
    assert.match(
      asked[1] ?? '',
      /\?labelSelector=zone=a&watch=true&allowWatchBookmarks=true&resourceVersion=7$/,
    );
  });

  it('goes on where a watch ended, bookmarks counted, and tells nothing twice', async () => {
    const bookmark = { type: 'BOOKMARK', object: { kind: 'Node', metadata: { resourceVersion: '12' } } };
    const { changes, asked } = await told(
      { [LIST]: [listOf(7)], [WATCH]: [[event('ADDED', 'b', 9)], [bookmark], []] },
      3,
    );

    assert.deepEqual(changes, ['LISTED ', 'ADDED b:9']);
    assert.deepEqual(
      asked.map((path) => /resourceVersion=(.*)$/.exec(path)?.[1]),
      [undefined, '7', '9', '12'],
    );
  });

  it('lists again where the past is gone, and tells what has become different', async () => {
    const { changes } = await told(
      {
        [LIST]: [
          listOf(7, thing('a', 3), thing('b', 4), thing('c', 5)),
          listOf(20, thing('a', 3), thing('b', 19), thing('d', 20)),
        ],
        [WATCH]: [[EXPIRED], []],
      },
      2,
    );

    assert.deepEqual(changes, ['LISTED a:3 b:4 c:5', 'DELETED c:5', 'MODIFIED b:19', 'ADDED d:20']);
  });

  it('waits for a daemon that goes away, and says so once', async () => {
    const { changes, warned } = await told(
      {
        [LIST]: [listOf(7)],
        [WATCH]: [[unreachable()], unreachable(), unreachable(), [event('ADDED', 'a', 8), unreachable()], []],
      },
      5,
    );

    assert.deepEqual(changes, ['LISTED ', 'ADDED a:8']);
    assert.deepEqual(warned, [
      'cannot reach k8slabd at "/s": refused; waiting for it',
      'k8slabd is back',
      'cannot reach k8slabd at "/s": refused; waiting for it',
    ]);
  });

  it('fails at once where the first list fails, where the server refuses, and where it does not watch', async () => {
    await assert.rejects(told({ [LIST]: [unreachable()] }), { reason: 'DaemonUnreachable' });
    const refused = { type: 'ERROR', object: { reason: 'BadRequest', message: 'no such field' } };
    await assert.rejects(told({ [LIST]: [listOf(1)], [WATCH]: [[refused]] }), { reason: 'BadRequest' });
    await assert.rejects(told({ [LIST]: [listOf(1)], [WATCH]: [[listOf(1)]] }), { reason: 'NotWatched' });
  });
});
