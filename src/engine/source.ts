/** What is said about an object, wherever it is said. */
export interface SourceObject {
  readonly kind: string;
  readonly name: string;
}

/** What a source says there shall be: all of it, or the last that was good of it. */
export interface SourceState {
  readonly objects: readonly SourceObject[];
  /** What of it cannot be read, such as files. While there is any, an object that nothing names is not known to be gone. */
  readonly opaque: readonly string[];
}

/**
 * Where the objects come from that somebody wants: a directory of manifests; a Kubernetes API server would be the second.
 * What it means that an object is no longer named belongs to the source too: see `RemovalRule`.
 */
export interface Source<S extends SourceState> {
  /** All of it, now. @throws ReasonedError when it cannot be read, which says nothing about any object */
  list(): Promise<S>;
  /** Calls `onHint` when `list` may have another answer, and now and then; a hint that is lost is made up for. */
  watch(onHint: () => void): { dispose(): Promise<void> };
}

/** What becomes of objects that the source no longer names. */
export interface RemovalRule {
  /** @param before objects that were there before */
  settle(named: Named, before: ReadonlySet<string>): void;
}

/** What the source says: these are the objects, by `Kind/name`, and this of it nobody can read. */
export interface Named {
  readonly refs: ReadonlySet<string>;
  readonly opaque: readonly string[];
  /** What is to be let go of since somebody asked for just that, however many there are. */
  readonly released?: ReadonlySet<string>;
  /** What another vmhost is said to have: held until somebody confirms it, however few there are. */
  readonly disputed?: ReadonlySet<string>;
  /** What this vmhost took in of a source that it shares: nobody asked it to remove anything else. Left out: it shares none. */
  readonly taken?: ReadonlySet<string>;
}
