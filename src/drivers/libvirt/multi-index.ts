/** Finds values by key; every value belongs to an owner, whose values are replaced and removed together. */
export interface MultiIndex<V> {
  /** Replaces all that the owner had. */
  put(owner: string, entries: readonly (readonly [key: string, value: V])[]): void;
  remove(owner: string): void;
  get(key: string): readonly V[];
}

export function createMultiIndex<V>(): MultiIndex<V> {
  const byKey = new Map<string, Map<string, V[]>>();
  const keysOf = new Map<string, ReadonlySet<string>>();

  function remove(owner: string): void {
    for (const key of keysOf.get(owner) ?? []) {
      const owners = byKey.get(key);
      owners?.delete(owner);
      if (owners?.size === 0) byKey.delete(key);
    }
    keysOf.delete(owner);
  }

  function add(owner: string, key: string, value: V): void {
    const owners = byKey.get(key) ?? new Map<string, V[]>();
    byKey.set(key, owners.set(owner, [...(owners.get(owner) ?? []), value]));
  }

  return {
    put(owner, entries) {
      remove(owner);
      for (const [key, value] of entries) add(owner, key, value);
      if (entries.length > 0) keysOf.set(owner, new Set(entries.map(([key]) => key)));
    },
    remove,
    get: (key) => [...(byKey.get(key)?.values() ?? [])].flat(),
  };
}
