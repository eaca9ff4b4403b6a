import { formatError } from '../api/manifest/format.ts';
import type { ManifestWarning } from '../api/manifest/types.ts';
import { refName } from '../api/meta.ts';
import type { Clock, Timer } from '../engine/clock.ts';
import type { Logger } from '../engine/logger.ts';

/** Files come one after the other: what is missing this long is not on its way. */
const PATIENCE_MS = 60_000;

/** Tells, once, of references to objects that no manifest has, when they have been missing for a while. */
export interface Dangling {
  /** @param warnings all there are now */
  update(warnings: readonly ManifestWarning[]): void;
  dispose(): void;
}

interface Missing {
  readonly warning: ManifestWarning;
  /** Monotonic milliseconds. */
  readonly since: number;
}

export function createDangling({ clock, log }: { readonly clock: Clock; readonly log: Logger }): Dangling {
  /** What was not told yet by its key, the longest missing first. */
  let waiting = new Map<string, Missing>();
  let told = new Set<string>();
  let timer: Timer | undefined;

  function tell(): void {
    timer = undefined;
    const now = clock.monotonic();
    for (const [key, { warning, since }] of waiting) {
      if (now - since < PATIENCE_MS) break;
      const { file, line, object } = warning;
      log.warn(
        { file, line, kind: object.kind, name: object.name, why: formatError(warning) },
        'a manifest names what is not there',
      );
      told.add(key);
      waiting.delete(key);
    }
    tellLater();
  }

  function tellLater(): void {
    const [next] = waiting.values();
    if (next !== undefined) timer ??= clock.setTimer(next.since + PATIENCE_MS - clock.monotonic(), tell);
  }

  return {
    update(warnings) {
      const now = new Map(warnings.map((warning) => [keyOf(warning), warning]));
      const since = clock.monotonic();
      told = new Set([...told].filter((key) => now.has(key)));
      const before = [...waiting].flatMap(([key, missing]) => {
        const warning = now.get(key);
        return warning === undefined ? [] : [[key, { ...missing, warning }] as const];
      });
      const fresh = [...now].flatMap(([key, warning]) =>
        told.has(key) || waiting.has(key) ? [] : [[key, { warning, since }] as const],
      );
      waiting = new Map([...before, ...fresh]);
      tellLater();
    },
    dispose() {
      timer?.cancel();
    },
  };
}

/** Where it stands moves with each edit above it, and the hint with what else there is. */
function keyOf({ object, path, message }: ManifestWarning): string {
  return `${refName(object)} ${path}: ${message}`;
}
