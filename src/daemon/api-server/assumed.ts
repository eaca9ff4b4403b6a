import { refName, type Kind, type ObjectRef } from '../../api/meta.ts';
import type { KubeObject, KubeWatch } from '../../drivers/kube.ts';

/**
 * What the watch tells, with what was written meanwhile and the watch does not show yet: nothing is given twice because it is slow.
 * It goes by what each write was based on. As soon as the watch shows anything else of the object, that is newer.
 */
export interface Assumed {
  objects(kind: Kind): readonly KubeObject[];
  find(ref: ObjectRef): KubeObject | undefined;
  /** A write of `status` begins that is based on `base`: until its answer is there, it may have happened. */
  begin(base: KubeObject, write: Write): void;
  wrote(base: KubeObject, result: KubeObject): void;
  /** It was refused: nothing happened, unless an earlier try of the same write did. */
  refused(base: KubeObject): void;
  /** Somebody else was first: nothing is written before the watch shows what. */
  outdated(base: KubeObject): void;
  /** Writes of which nobody knows whether they happened. */
  doubtful(): readonly Doubt[];
  /** Objects of which that is so, and those that are outdated. */
  unsure(): readonly ObjectRef[];
  isUnsure(ref: ObjectRef): boolean;
  /** Whether something of it was written that the watch does not show yet. */
  has(ref: ObjectRef): boolean;
  /** The watch shows nothing newer though it had time to: what is written by it is compared with what is there anyway. */
  giveUpWaiting(): void;
  clear(): void;
}

export interface Write {
  readonly ref: ObjectRef;
  readonly status: object;
}

export interface Doubt extends Write {
  readonly base: KubeObject;
}

interface Entry {
  /** Versions that are older than `object`. */
  readonly versions: Set<string>;
  object: KubeObject;
  doubt?: Doubt | undefined;
  /** How often the write was begun. */
  tries: number;
  isOutdated: boolean;
}

export function createAssumed(watch: Pick<KubeWatch, 'objects'>): Assumed {
  const entries = new Map<string, Entry>();

  function entryOf(ref: ObjectRef): Entry | undefined {
    const key = refName(ref);
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    const shown = watch.objects(ref.kind).get(ref.name);
    if (shown !== undefined && entry.versions.has(shown.metadata.resourceVersion)) return entry;
    entries.delete(key);
    return undefined;
  }

  function ofBase(base: KubeObject): Entry {
    const ref = refOf(base);
    const entry = entryOf(ref) ?? { versions: new Set(), object: base, tries: 0, isOutdated: false };
    entry.versions.add(base.metadata.resourceVersion);
    entries.set(refName(ref), entry);
    return entry;
  }

  function isUnsure(ref: ObjectRef): boolean {
    const entry = entryOf(ref);
    return entry !== undefined && (entry.isOutdated || entry.doubt !== undefined);
  }

  return {
    objects: (kind) =>
      [...watch.objects(kind).values()].map(
        (object) => entryOf({ kind, name: object.metadata.name })?.object ?? object,
      ),
    find: (ref) => entryOf(ref)?.object ?? watch.objects(ref.kind).get(ref.name),
    begin(base, write) {
      const entry = ofBase(base);
      entry.tries = entry.doubt === undefined ? 1 : entry.tries + 1;
      // What it was before this write; a second try has the same.
      entry.doubt = { ...write, base: entry.doubt?.base ?? base };
      entry.object = { ...base, status: { ...statusOf(base), ...write.status } };
    },
    wrote(base, result) {
      const entry = ofBase(base);
      Object.assign(entry, { object: result, doubt: undefined });
      // One that changed nothing is what the watch shows.
      if (result.metadata.resourceVersion === base.metadata.resourceVersion)
        entries.delete(refName(refOf(base)));
    },
    refused(base) {
      const entry = ofBase(base);
      if (entry.tries > 1) return;
      const { doubt } = entry;
      entry.doubt = undefined;
      if (doubt !== undefined) entry.object = doubt.base;
    },
    outdated(base) {
      const entry = ofBase(base);
      const { doubt } = entry;
      if (entry.tries <= 1 && doubt !== undefined) entry.object = doubt.base;
      Object.assign(entry, { doubt: undefined, isOutdated: true });
    },
    isUnsure,
    unsure: () => [...entries.values()].map(({ object }) => refOf(object)).filter(isUnsure),
    doubtful: () =>
      [...entries.values()].flatMap(({ doubt }) =>
        doubt !== undefined && entryOf(doubt.ref)?.doubt === doubt ? doubt : [],
      ),
    has: (ref) => entryOf(ref) !== undefined,
    giveUpWaiting() {
      for (const [key, entry] of entries) if (entry.isOutdated) entries.delete(key);
    },
    clear: () => entries.clear(),
  };
}

function refOf({ kind, metadata }: KubeObject): ObjectRef {
  return { kind: kind as Kind, name: metadata.name };
}

function statusOf({ status }: KubeObject): object {
  return typeof status === 'object' && status !== null ? status : {};
}
