import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { WatchingClient } from '../../src/cli/client.ts';
import { events } from '../../src/cli/events.ts';
import { getWatch, type WatchFlags } from '../../src/cli/get-watch.ts';
import { get } from '../../src/cli/get.ts';
import { wait } from '../../src/cli/wait.ts';
import { serveLab, type Served } from './bed.ts';

let lab: Served;
before(async () => {
  lab = await serveLab();
});
after(() => lab.close());

/** Keeps what is printed, and ends once `enough` says so. */
function scene(enough: (text: string) => boolean): {
  readonly printed: () => string;
  readonly scene: Parameters<typeof getWatch>[3];
} {
  const stop = new AbortController();
  let text = '';
  return {
    printed: () => text,
    scene: {
      print(more) {
        text += more;
        if (enough(text)) stop.abort();
      },
      warn: (said) => assert.fail(said),
      sleep: () => Promise.resolve(),
      signal: stop.signal,
    },
  };
}

describe("against the daemon's own API", () => {
  it('get -w prints a row for what changes after the list, in every form', async () => {
    const flags: readonly Partial<WatchFlags>[] = [{}, { output: 'name' }, { sortBy: '.spec.memory' }];
    for (const more of flags) {
      const { printed, scene: watched } = scene((text) => text.match(/\bb\b/g)?.length === 2);
      await getWatch(
        onceWatched(() => touch('b')),
        ['nodes'],
        { headers: false, ...more },
        watched,
      );
      assert.match(printed(), /\bb\b[^]*\bb\b/);
    }
  });

  it('selectors are those of Kubernetes', async () => {
    const flags = { headers: false, output: 'name' };

    assert.equal(
      await get(lab.client, ['nodes'], { ...flags, fieldSelector: 'metadata.name=b' }),
      'node/b\n',
    );
    assert.equal(await get(lab.client, ['nodes'], { ...flags, selector: 'zone' }), '');
    await assert.rejects(get(lab.client, ['nodes'], { ...flags, fieldSelector: 'spec.x=1' }), {
      reason: 'BadRequest',
    });
  });

  it('wait ends as soon as an object is gone', async () => {
    lab.bed.store.apply('Node', { name: 'c', spec: lab.bed.object('Node', 'a').spec, hash: 'c' });
    let printed = '';
    const client = onceWatched(() => lab.bed.store.remove('Node', 'c'));
    await wait(
      client,
      ['node/c'],
      { for: 'delete', timeout: '30s' },
      {
        print: (text) => void (printed += text),
        warn: (text) => assert.fail(text),
        sleep: () => Promise.resolve(),
        deadline: () => new AbortController().signal,
      },
    );

    assert.equal(printed, 'node/c condition met\n');
  });

  it('get events prints them as kubectl does, the one seen last at the end', async () => {
    const about = { kind: 'Node', name: 'seen' } as const;
    const record = (reason: string): void => lab.events.record(about, 'Normal', reason, 'the guest\n runs');
    record('DomainStarted');
    record('Ready');
    await lab.bed.clock.advance(40_000);
    record('DomainStarted');
    await lab.bed.clock.advance(20_000);

    const flags = { headers: true, fieldSelector: 'involvedObject.name=seen' };
    assert.equal(
      await get(lab.client, ['events'], flags),
      [
        'LAST SEEN           TYPE     REASON          OBJECT      MESSAGE',
        '60s                 Normal   Ready           node/seen   the guest; runs',
        '20s (x2 over 60s)   Normal   DomainStarted   node/seen   the guest; runs',
        '',
      ].join('\n'),
    );
    const prefixed = await get(lab.client, ['events'], { ...flags, showKind: true });
    assert.match(prefixed, /^60s +Normal/m);
    const wide = await get(lab.client, ['events'], { ...flags, output: 'wide' });
    assert.match(wide.split('\n')[2] ?? '', /DomainStarted .* 2 +seen\.[^ ]+ +the guest; runs$/);
  });

  it('events --for prints only those of the object, and -w what comes', async () => {
    lab.events.record({ kind: 'Node', name: 'a' }, 'Normal', 'DomainStarted', 'the guest runs');
    lab.events.record({ kind: 'Node', name: 'b' }, 'Warning', 'StartFailed', 'no memory');
    const { printed, scene: watched } = scene((text) => text.includes('LeaseLost'));
    const client = onceWatched(() =>
      lab.events.record({ kind: 'Node', name: 'b' }, 'Warning', 'LeaseLost', 'gone'),
    );

    await events(
      client,
      { headers: false, for: 'node/b', watch: true },
      { ...watched, now: () => lab.bed.clock.now() },
    );

    assert.match(printed(), /^\d+s +Warning +StartFailed[^]*LeaseLost +node\/b +gone\n$/);
    assert.doesNotMatch(printed(), /DomainStarted/);
  });
});

/** The client, with something that happens after a list and before its watch. */
function onceWatched(act: () => void): WatchingClient {
  let acted = false;
  return {
    ...lab.client,
    watch(...asked) {
      if (!acted) act();
      acted = true;
      return lab.client.watch(...asked);
    },
  };
}

let touched = 0;

function touch(name: string): void {
  const { metadata, status } = lab.bed.object('Node', name);
  lab.bed.store.updateStatus('Node', name, metadata.uid, { ...status, fqdn: `${name}${(touched += 1)}` });
}
