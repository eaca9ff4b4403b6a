import { formatError } from '../api/manifest/format.ts';
import { emptySnapshot, nextSnapshot } from '../api/manifest/snapshot.ts';
import { readManifests } from './manifest-files.ts';

export interface Verdict {
  /** A line per error, by file and line. */
  readonly errors: readonly string[];
  /** A line per reference to what none of the files has: it may come later, or be a mistake. */
  readonly warnings: readonly string[];
  /** `FILE: 3 objects`, for files without errors. */
  readonly valid: readonly string[];
}

/** Checks manifests as the daemon would, each file and all of them together, without a daemon. */
export async function validate(paths: readonly string[]): Promise<Verdict> {
  const files = await readManifests(paths);
  const { errors, warnings, files: records } = nextSnapshot(emptySnapshot, { files });
  const bad = new Set(errors.map(({ file }) => file));
  const valid = [...records]
    .filter(([path]) => !bad.has(path))
    .map(
      ([path, { objects }]) => `${path}: ${objects.length} ${objects.length === 1 ? 'object' : 'objects'}`,
    );
  return {
    errors: errors.map(formatError),
    warnings: warnings.map(formatError),
    valid,
  };
}
