/** A map that forgets its least recently used entries beyond `limit`. */
export interface Lru<K, V> {
  get(key: K): V | undefined;
  /** @returns what was forgotten for it */
  set(key: K, value: V): V | undefined;
  /** Least recently used first; reading them is no use. */
  values(): V[];
}

export function createLru<K, V>(limit: number): Lru<K, V> {
  const entries = new Map<K, V>();
  return {
    get(key) {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= limit) return undefined;
      const [oldest] = entries;
      if (oldest !== undefined) entries.delete(oldest[0]);
      return oldest?.[1];
    },
    values: () => [...entries.values()],
  };
}
