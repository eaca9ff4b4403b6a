const EVERY_MS = 30_000;

export interface ProgressOptions {
  readonly total: number;
  /** Of what, in the plural. */
  readonly what: string;
  /** Milliseconds of any clock that only goes on. */
  readonly now?: () => number;
  readonly tell?: (line: string) => void;
}

/**
 * Tells how far a run of many has come, every half minute: those that were asked for in numbers take hours.
 * @returns what is to be called before each
 */
export function createProgress({
  total,
  what,
  now = () => performance.now(),
  tell = (line) => console.log(`# ${line}`),
}: ProgressOptions): () => void {
  const began = now();
  let [done, told] = [0, began];
  return () => {
    const at = now();
    if (at - told >= EVERY_MS) {
      told = at;
      const seconds = Math.round((at - began) / 1000);
      tell(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${what} in ${seconds} s`);
    }
    done += 1;
  };
}

/** The same around what is run for each input. */
export function withProgress<T, R>(options: ProgressOptions, run: (input: T) => R): (input: T) => R {
  const next = createProgress(options);
  return (input) => {
    next();
    return run(input);
  };
}
