/** Work in small steps: whoever runs it may do something else at each `yield`. */
export type Steps<T> = Generator<undefined, T>;

/** Does all steps at once. */
export function runSteps<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}
