/** Keys with a time each, taken out earliest first; each step costs the logarithm of how many there are. */
export interface DueTimes<K> {
  /** Gives `key` the time `at`, in place of the one it had. */
  set(key: K, at: number): void;
  /** The time of `key`; undefined: it has none. */
  get(key: K): number | undefined;
  delete(key: K): void;
  /** The earliest time; undefined: none is left. */
  next(): number | undefined;
  /** Takes out the keys whose time is `now` or before, earliest first. */
  takeDue(now: number): K[];
}

interface Entry<K> {
  readonly key: K;
  readonly at: number;
}

/** A binary heap; what was replaced or deleted stays in it until it comes up. */
export function createDueTimes<K>(): DueTimes<K> {
  const times = new Map<K, Entry<K>>();
  const heap: Entry<K>[] = [];

  function first(): Entry<K> | undefined {
    while (heap[0] !== undefined && times.get(heap[0].key) !== heap[0]) pop(heap);
    return heap[0];
  }

  return {
    set(key, at) {
      const entry = { key, at };
      times.set(key, entry);
      push(heap, entry);
      if (heap.length > 2 * times.size + 64) rebuild(heap, times);
    },
    get: (key) => times.get(key)?.at,
    delete: (key) => void times.delete(key),
    next: () => first()?.at,
    takeDue(now) {
      const due: K[] = [];
      for (let entry = first(); entry !== undefined && entry.at <= now; entry = first()) {
        times.delete(entry.key);
        due.push(entry.key);
      }
      return due;
    },
  };
}

/** Drops what was replaced, so that the heap stays as small as what is in it. */
function rebuild<K>(heap: Entry<K>[], times: ReadonlyMap<K, Entry<K>>): void {
  heap.length = 0;
  for (const entry of times.values()) push(heap, entry);
}

function push<K>(heap: Entry<K>[], entry: Entry<K>): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!swapIfLater(heap, parent, index)) return;
    index = parent;
  }
}

function pop<K>(heap: Entry<K>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const right = left + 1;
    const earlier = timeAt(heap, right) < timeAt(heap, left) ? right : left;
    if (!swapIfLater(heap, index, earlier)) return;
    index = earlier;
  }
}

/** @returns whether the one at `upper` was later than the one at `lower`, so that they changed places */
function swapIfLater<K>(heap: Entry<K>[], upper: number, lower: number): boolean {
  const [above, below] = [heap[upper], heap[lower]];
  if (above === undefined || below === undefined || above.at <= below.at) return false;
  heap[upper] = below;
  heap[lower] = above;
  return true;
}

function timeAt<K>(heap: readonly Entry<K>[], index: number): number {
  return heap[index]?.at ?? Infinity;
}
