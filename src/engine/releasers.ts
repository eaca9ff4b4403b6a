import { toError } from '../api/errors.ts';

export type Release = () => void | Promise<void>;

/** What was started, to be stopped in reverse. */
export interface Releasers {
  /** Registers how to stop what was just started. */
  add(name: string, release: Release): void;
  /** Runs all of them, last added first, one after the other; throws an AggregateError of those that failed. */
  releaseAll(): Promise<void>;
}

export function createReleasers(): Releasers {
  const releases: { readonly name: string; readonly release: Release }[] = [];
  let released = false;
  return {
    add(name, release) {
      if (released) throw new Error(`cannot add releaser "${name}": everything was released already`);
      releases.push({ name, release });
    },
    async releaseAll() {
      if (released) throw new Error('cannot release twice');
      released = true;
      const errors: Error[] = [];
      for (const { name, release } of releases.reverse()) {
        try {
          await release();
        } catch (thrown) {
          errors.push(new Error(`cannot stop "${name}": ${toError(thrown).message}`, { cause: thrown }));
        }
      }
      if (errors.length > 0)
        throw new AggregateError(errors, errors.map((error) => error.message).join('; '));
    },
  };
}
