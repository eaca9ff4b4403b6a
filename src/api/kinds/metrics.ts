/** One sample: the values of the labels beside `name`, and its value; undefined where there is none. */
export type Sample = readonly [labels: readonly string[], value: number | undefined];

/** Gauges that are read from the objects of a kind at every scrape; objects that are gone have no series. */
export interface MetricFamily<O> {
  /** After `k8slab_<kind>_`. */
  readonly name: string;
  readonly help: string;
  /** Beside `name`, which is the object's. */
  readonly labels: readonly string[];
  samples(object: O): readonly Sample[];
}
