import { ReasonedError } from '../../src/api/errors.ts';
import type { Kind } from '../../src/api/meta.ts';
import { KINDS } from '../../src/api/kinds/list.ts';
import type { KubeChange, KubeObject, KubeWatch } from '../../src/drivers/kube.ts';
import type { ObjectChange, Objects } from './objects.ts';

/** How watches go on after the server was away: by a list, or by what they missed. */
export type ComesBack = 'lists' | 'resumes';

export interface FakeWatches {
  open(client: string, listener: (change: KubeChange) => void): KubeWatch;
  away(isAway: boolean, comesBack?: ComesBack): void;
  hold(client: string, isHeld: boolean): void;
}

interface Watcher {
  readonly client: string;
  change(change: ObjectChange): void;
  list(): void;
  /** Tells what waits, unless it is held. */
  flush(): void;
  problem(): void;
}

/** Watches are told a microtask later, each change in its order. */
export function createWatches(objects: Pick<Objects, 'list' | 'onChange'>): FakeWatches {
  const watchers = new Set<Watcher>();
  const held = new Set<string>();
  const missed: ObjectChange[] = [];
  let gone = false;
  const tell = (change: ObjectChange): void => watchers.forEach((watcher) => watcher.change(change));
  objects.onChange((change) => {
    if (gone) missed.push(change);
    else tell(change);
  });

  function open(client: string, listener: (change: KubeChange) => void): KubeWatch {
    const known = new Map<Kind, Map<string, KubeObject>>(KINDS.all.map(({ kind }) => [kind, new Map()]));
    const waiting: (ObjectChange | 'list')[] = [];
    const synced = Promise.withResolvers<undefined>();
    synced.promise.catch(() => undefined);
    let isSynced = false;

    function take({ type, kind, object }: ObjectChange): void {
      const of = known.get(kind);
      const isKnown = of?.has(object.metadata.name) === true;
      if (type === 'Deleted') of?.delete(object.metadata.name);
      else of?.set(object.metadata.name, object);
      if (type === 'Deleted' && !isKnown) return;
      listener({ type: type === 'Deleted' ? type : isKnown ? 'Modified' : 'Added', kind, object });
    }

    function takeList(): void {
      for (const [kind, had] of known) {
        const now = new Map(objects.list(kind).map((object) => [object.metadata.name, object]));
        for (const [name, object] of [...had]) if (!now.has(name)) take({ type: 'Deleted', kind, object });
        for (const object of now.values())
          if (had.get(object.metadata.name)?.metadata.resourceVersion !== object.metadata.resourceVersion)
            take({ type: 'Modified', kind, object });
      }
      isSynced = true;
      for (const kind of known.keys()) listener({ type: 'Listed', kind });
      synced.resolve(undefined);
    }

    function flush(): void {
      while (watchers.has(watcher) && !held.has(client) && !gone) {
        const next = waiting.shift();
        if (next === undefined) return;
        if (next === 'list') takeList();
        else take(next);
      }
    }

    const watcher: Watcher = {
      client,
      change(change) {
        waiting.push(change);
        queueMicrotask(flush);
      },
      list() {
        // What it was not told yet is in the list.
        waiting.splice(0, waiting.length, 'list');
        queueMicrotask(flush);
      },
      flush,
      problem: () => listener({ type: 'Problem' }),
    };
    watchers.add(watcher);
    watcher.list();
    return {
      objects: (kind) => known.get(kind) ?? new Map<string, KubeObject>(),
      synced: () => isSynced,
      whenSynced: () => synced.promise,
      problem: () =>
        gone ? new ReasonedError('Unreachable', 'cannot watch the API server: it is away') : undefined,
      dispose() {
        watchers.delete(watcher);
        synced.reject(new Error('the watch has ended'));
      },
    };
  }

  return {
    open,
    away(isAway, comesBack = 'lists') {
      if (gone === isAway) return;
      gone = isAway;
      for (const watcher of watchers) {
        watcher.problem();
        if (!gone && comesBack === 'lists') watcher.list();
      }
      const told = missed.splice(0);
      if (!gone && comesBack === 'resumes') told.forEach(tell);
    },
    hold(client, isHeld) {
      if (isHeld) held.add(client);
      else held.delete(client);
      if (!isHeld) for (const watcher of watchers) if (watcher.client === client) watcher.flush();
    },
  };
}
