/** What a Node has of a network, or wants instead. */
export interface Standing<T> {
  readonly node: string;
  readonly held: T;
  /** What its manifest names now, where that is another one. */
  readonly wanted?: T;
}

/** Things of which each may be had once. */
export interface Taken<T> {
  /** Whether nobody had it, or anything of it; then it is had. */
  add(thing: T): boolean;
}

export interface Settled<T, S extends Taken<T>> {
  readonly has: ReadonlyMap<string, T>;
  /** Nodes that do not get what they want, since somebody has it. */
  readonly stuck: ReadonlySet<string>;
  readonly taken: S;
}

/**
 * Who has something keeps it, unless it wants another that is free: two may swap theirs, and who cannot change stays as it is,
 * which may be in the way of others in turn.
 */
export function settle<T, S extends Taken<T>>(
  standing: readonly Standing<T>[],
  createTaken: () => S,
): Settled<T, S> {
  const stuck = new Set<string>();
  for (;;) {
    const taken = createTaken();
    const has = new Map<string, T>();
    const late: string[] = [];
    const moves = ({ node, wanted }: Standing<T>): boolean => wanted !== undefined && !stuck.has(node);
    for (const { node, held } of standing.filter((each) => !moves(each)))
      if (taken.add(held)) has.set(node, held);
    for (const each of standing.filter(moves)) {
      const { node, wanted = each.held } = each;
      if (taken.add(wanted)) has.set(node, wanted);
      else late.push(node);
    }
    if (late.length === 0) return { has, stuck, taken };
    for (const node of late) stuck.add(node);
  }
}
