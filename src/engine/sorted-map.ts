/** Values by name. What `values` handed out stays as it was, and is made anew only when something changed since. */
export interface SortedMap<V> {
  get(name: string): V | undefined;
  set(name: string, value: V): void;
  delete(name: string): void;
  /** By name. */
  values(): readonly V[];
  readonly size: number;
}

export function createSortedMap<V>(): SortedMap<V> {
  const byName = new Map<string, V>();
  const names: string[] = [];
  let sorted: V[] = [];
  let handedOut = false;

  function own(): V[] {
    if (handedOut) sorted = sorted.slice();
    handedOut = false;
    return sorted;
  }

  return {
    get: (name) => byName.get(name),
    set(name, value) {
      const at = placeOf(names, name);
      if (byName.has(name)) {
        own()[at] = value;
      } else {
        names.splice(at, 0, name);
        own().splice(at, 0, value);
      }
      byName.set(name, value);
    },
    delete(name) {
      if (!byName.delete(name)) return;
      const at = placeOf(names, name);
      names.splice(at, 1);
      own().splice(at, 1);
    },
    values() {
      handedOut = true;
      return sorted;
    },
    get size() {
      return byName.size;
    },
  };
}

/** Where `name` is, or would be. */
function placeOf(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
