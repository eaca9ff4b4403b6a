/** A column of `k8slab get`; `cell` is a method, so that a list can hold the columns of all kinds. */
export interface Column<O> {
  readonly name: string;
  /** Only with -o wide. */
  readonly wide?: true;
  /** @param now milliseconds since the epoch, for ages */
  cell(object: O, now: number): string;
}

/** What kubectl prints where there is no value. */
export const NONE = '<none>';
