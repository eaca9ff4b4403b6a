/** Files to look at; or all, known and unknown. */
export type Suspected = ReadonlySet<string> | 'all';

/** Which files may have changed since they were last looked at. */
export interface Suspects {
  /** Whether every change of a file is told from now on; until then each look is at all of them. */
  follow(told: boolean): void;
  /** The content of this file may have changed. */
  add(path: string): void;
  /** That of any file may have. */
  addAll(): void;
  /** What to look at now: it is suspected no more. */
  take(): Suspected;
}

export function createSuspects(): Suspects {
  let told = false;
  let all = true;
  let paths = new Set<string>();
  return {
    follow(now) {
      told = now;
      all = true;
    },
    add: (path) => void paths.add(path),
    addAll: () => void (all = true),
    take() {
      const taken = told && !all ? paths : 'all';
      paths = new Set();
      all = false;
      return taken;
    },
  };
}
