import { isDeepStrictEqual } from 'node:util';
import type { KindDefinition } from '../api/kinds/define.ts';
import type { Kinds } from '../api/kinds/kinds.ts';
import type { Read } from '../api/kinds/reads.ts';
import { isRemoved, type AnyObject, type Kind, type KindMap } from '../api/meta.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Change } from '../engine/store.ts';
import type { Priority } from '../engine/work-queue.ts';

/** "Look again" at an object; dropping one delays convergence and never prevents it. */
export type Enqueue = (kind: Kind, name: string, delayMs?: number, priority?: Priority) => void;

/** What kinds declare that they read, and who reads what by its name. */
interface Edge {
  readonly reader: KindDefinition;
  readonly read: Read;
  /** Source name -> names of the readers that name it; empty where readers do not name what they read. */
  readonly readers: Map<string, Set<string>>;
  /** Reader name -> what it names. */
  readonly named: Map<string, readonly string[]>;
}

/**
 * Makes objects be looked at again after a change of the store: the object itself when its spec changed, and the
 * objects that read of it what changed. Nothing else of a change concerns anybody. @returns unsubscribe
 */
export function startTriggers(kinds: Kinds, store: ObjectStore, enqueue: Enqueue): () => void {
  const edges = kinds.all.flatMap((reader) =>
    reader.reads.map((read): Edge => ({ reader, read, readers: new Map(), named: new Map() })),
  );
  const bySource = Map.groupBy(edges, ({ read }) => read.source);
  const byReader = Map.groupBy(edges, ({ reader }) => reader.kind);
  for (const object of store.all()) index(object);
  return store.subscribe((change) => {
    const { object, type, specChanged } = change;
    const { name } = object.metadata;
    for (const edge of byReader.get(object.kind) ?? []) indexReader(edge, object, type === 'DELETED');
    // Who reads what a user changed is part of what the user waits for.
    const priority = specChanged ? 'edit' : 'event';
    if (specChanged && type !== 'DELETED') enqueue(object.kind, name, undefined, priority);
    for (const edge of bySource.get(object.kind) ?? []) {
      for (const reader of concerned(store, edge, change)) {
        if (reader !== name || edge.reader.kind !== object.kind) {
          enqueue(edge.reader.kind, reader, edge.read.settleMs, priority);
        }
      }
    }
  });

  function index(object: AnyObject): void {
    for (const edge of byReader.get(object.kind) ?? []) indexReader(edge, object, false);
  }
}

function indexReader({ read, readers, named }: Edge, object: AnyObject, gone: boolean): void {
  if (read.of === undefined) return;
  const { name } = object.metadata;
  for (const source of named.get(name) ?? []) readers.get(source)?.delete(name);
  const sources = gone ? [] : read.of(object);
  if (sources.length === 0) named.delete(name);
  else named.set(name, sources);
  for (const source of sources) {
    const known = readers.get(source);
    if (known === undefined) readers.set(source, new Set([name]));
    else known.add(name);
  }
}

/** Names of the readers that read of the source what changed. */
function concerned(store: ObjectStore, edge: Edge, change: Change<KindMap>): Iterable<string> {
  const { read } = edge;
  const { object, previous, type } = change;
  const sameForAll =
    type === 'MODIFIED' &&
    previous !== undefined &&
    isDeepStrictEqual(read.shared?.(previous), read.shared?.(object));
  const readers = readersOf(store, edge, change);
  if (!sameForAll) return readers;
  const own = changedParts(read, previous, object);
  return own.size === 0 ? [] : readers.filter((reader) => own.has(reader));
}

function readersOf(store: ObjectStore, { reader, read, readers }: Edge, change: Change<KindMap>): string[] {
  const { object, previous } = change;
  if (read.by !== undefined) {
    return [...new Set([...read.by(object), ...(previous === undefined ? [] : read.by(previous))])];
  }
  if (read.of !== undefined) return [...(readers.get(object.metadata.name) ?? [])];
  return store.list(reader.kind).map(({ metadata }) => metadata.name);
}

/** Names of the readers whose own part of the source is another one now. */
function changedParts(read: Read, before: AnyObject, after: AnyObject): Set<string> {
  const [old, now] = [read.own?.(before), read.own?.(after)];
  const changed = new Set<string>();
  for (const [reader, part] of now ?? []) if (!isDeepStrictEqual(part, old?.get(reader))) changed.add(reader);
  for (const reader of old?.keys() ?? []) if (now?.has(reader) !== true) changed.add(reader);
  return changed;
}

/** Networks and Images whose manifest is gone wait for domains, which no object tells of. */
export function enqueueRemoved(store: ObjectStore, enqueue: Enqueue): void {
  for (const object of [...store.list('Network'), ...store.list('Image')]) {
    if (isRemoved(object)) enqueue(object.kind, object.metadata.name);
  }
}

export function enqueueAll(store: ObjectStore, enqueue: Enqueue, priority: Priority = 'event'): void {
  for (const { kind, metadata } of store.all()) enqueue(kind, metadata.name, undefined, priority);
}
