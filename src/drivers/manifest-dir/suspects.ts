/** Which files may have changed since they were last looked at. */
export interface Suspects {
  /** Whether every change of a file is told from now on; until then each look is at all of them. */
  follow(told: boolean): void;
  /** A file whose content may have changed; undefined: any of them may. */
  add(path: string | undefined): void;
  /** What to look at now: it is suspected no more. */
  take(): ReadonlySet<string> | 'all';
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
    add(path) {
      if (path === undefined) all = true;
      else paths.add(path);
    },
    take() {
      const taken = told && !all ? paths : 'all';
      paths = new Set();
      all = false;
      return taken;
    },
  };
}
