import type { Kind, ObjectOf } from '../meta.ts';

/** What one kind reads of the objects of another. */
export interface Read<R extends Kind = Kind, S extends Kind = Kind> {
  readonly source: S;
  /** Names of the source objects that `reader` reads; left out: all of them. */
  of?(reader: ObjectOf<R>): readonly string[];
  /** Names of the readers that read `source`: for readers that do not name what they read. Left out: see `of`. */
  by?(source: ObjectOf<S>): readonly string[];
  /** What every reader reads of a source object; undefined fields count. */
  shared?(source: ObjectOf<S>): unknown;
  /** What single readers read of it, by their names. */
  own?(source: ObjectOf<S>): ReadonlyMap<string, unknown>;
  /** Milliseconds to wait for more changes, so that many of them lead to one pass. */
  readonly settleMs?: number;
}

/** A declaration with the types of both kinds, as the list of a kind's reads takes it. */
export function reads<R extends Kind, S extends Kind>(read: Read<R, S>): Read {
  return read;
}
