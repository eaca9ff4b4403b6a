import { ReasonedError } from '../api/errors.ts';

/** What a change is found by again. */
export interface Versioned {
  readonly version: number;
}

/** The last changes, so that whoever has seen a version can be told what came after it. */
export interface History<C extends Versioned> {
  add(change: C): void;
  /**
   * The changes after a version, in their order.
   * @throws ReasonedError Expired when the version is older than what is kept, or is not of this run: list again
   */
  since(version: string): readonly C[];
}

/** @param first the version before any change of this run */
export function createHistory<C extends Versioned>(limit: number, first: number): History<C> {
  const changes: C[] = [];
  let forgotten = first;
  let last = first;
  return {
    add(change) {
      changes.push(change);
      last = change.version;
      // Cut in halves, so that dropping the oldest costs nothing to speak of.
      if (changes.length < 2 * limit) return;
      for (const { version } of changes.splice(0, changes.length - limit)) forgotten = version;
    },
    since(version) {
      const seen = /^\d+$/.test(version) ? Number(version) : NaN;
      if (!(seen >= forgotten && seen <= last)) throw expired(version);
      return changes.slice(changes.findLastIndex((change) => change.version <= seen) + 1);
    },
  };
}

function expired(version: string): ReasonedError {
  return new ReasonedError('Expired', `cannot watch from resource version "${version}": it is too old`, {
    hint: 'list again, and watch from the version of that list',
  });
}
