import { formatError } from '../api/manifest/format.ts';
import type { ManifestWarning } from '../api/manifest/types.ts';
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

export function createDangling({ clock, log }: { readonly clock: Clock; readonly log: Logger }): Dangling {
  let waiting = new Map<string, ManifestWarning>();
  let told = new Set<string>();
  let timer: Timer | undefined;

  function tell(): void {
    timer = undefined;
    for (const [why, { file, line, object }] of waiting) {
      log.warn(
        { file, line, kind: object.kind, name: object.name, why },
        'a manifest names what is not there',
      );
    }
    told = new Set([...told, ...waiting.keys()]);
    waiting = new Map();
  }

  return {
    update(warnings) {
      const now = new Map(warnings.map((warning) => [formatError(warning), warning]));
      told = new Set([...told].filter((text) => now.has(text)));
      waiting = new Map([...now].filter(([text]) => !told.has(text)));
      if (waiting.size > 0) timer ??= clock.setTimer(PATIENCE_MS, tell);
    },
    dispose() {
      timer?.cancel();
    },
  };
}
