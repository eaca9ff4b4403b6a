/** A column of `k8slab get`; `cell` is a method, so that a list can hold the columns of all kinds. */
export interface Column<O> {
  readonly name: string;
  /** Only with -o wide. */
  readonly wide?: true;
  /** kubectl shows it without -o wide too: of an API server it is what people want to know first. */
  readonly always?: true;
  /** Where kubectl finds what the cell says, without k8slab; left out where that is more than one value of the object. */
  readonly jsonPath?: string;
  /** The same for the same object. */
  cell(object: O): string;
}

/** What kubectl prints where there is no value. */
export const NONE = '<none>';
