import type { Kind, KindMap } from '../api/meta.ts';

/** What the daemon remembers of an object of the kind between passes; undefined for kinds that remember nothing. */
export type MemoryOf<K extends Kind> = KindMap[K] extends { readonly memory: infer M } ? M : undefined;

/** An object as far as its memory is concerned. */
interface Remembered {
  readonly kind: Kind;
  readonly metadata: { readonly name: string; readonly uid: string };
}

export interface MemoryChange<K extends Kind = Kind> {
  readonly kind: K;
  readonly name: string;
  readonly before: MemoryOf<K> | undefined;
  /** Undefined: the object is gone. */
  readonly after: MemoryOf<K> | undefined;
}

/** One value per object, replaced and never changed. Passes replace it, and what a person asks for; it goes with the object. */
export interface Memory {
  /** Undefined: nothing is remembered yet. */
  read<K extends Kind>(object: Remembered & { readonly kind: K }): MemoryOf<K> | undefined;
  write<K extends Kind>(object: Remembered & { readonly kind: K }, value: MemoryOf<K>): void;
  forget(object: Remembered): void;
  /** Calls `listener` after each change. @returns unsubscribe */
  subscribe(listener: (change: MemoryChange) => void): () => void;
}

interface Entry {
  readonly uid: string;
  readonly value: unknown;
}

export function createMemory(): Memory {
  const entries = new Map<string, Entry>();
  const listeners = new Set<(change: MemoryChange) => void>();

  function tell({ kind, metadata: { name } }: Remembered, before: unknown, after: unknown): void {
    const change = { kind, name, before, after } as MemoryChange;
    for (const listener of [...listeners]) listener(change);
  }
  return {
    read<K extends Kind>(object: Remembered & { readonly kind: K }) {
      const entry = entries.get(keyOf(object));
      return (entry?.uid === object.metadata.uid ? entry.value : undefined) as MemoryOf<K> | undefined;
    },
    write(object, value) {
      const before = entries.get(keyOf(object));
      if (before?.uid === object.metadata.uid && before.value === value) return;
      entries.set(keyOf(object), { uid: object.metadata.uid, value });
      tell(object, before?.value, value);
    },
    forget(object) {
      const before = entries.get(keyOf(object));
      if (before?.uid !== object.metadata.uid) return;
      entries.delete(keyOf(object));
      tell(object, before.value, undefined);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function keyOf({ kind, metadata }: Remembered): string {
  return `${kind}/${metadata.name}`;
}
