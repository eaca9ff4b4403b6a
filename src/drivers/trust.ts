import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ReasonedError } from '../api/errors.ts';

const STICKY = 0o1000;

/**
 * Why a file or directory could have been written by somebody who is not root (or the user that runs this);
 * undefined: it could not. What is written there is done with root's powers.
 */
export function whyUntrusted({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): string | undefined {
  if (uid !== 0 && uid !== process.getuid?.()) return `it belongs to user ${uid}`;
  if ((mode & 0o022) === 0) return undefined;
  return `its group or others may write to it (mode ${(mode & 0o7777).toString(8)})`;
}

/** @throws ReasonedError NotTrusted */
export function assertTrusted(path: string, stats: Pick<Stats, 'uid' | 'mode'>): void {
  const why = whyUntrusted(stats);
  if (why !== undefined) throw notTrusted(path, why);
}

/**
 * Whether nobody else could replace it either: each directory on the way to it counts, as with sshd.
 * A sticky one, such as /tmp, lets nobody replace what belongs to somebody else.
 * @throws ReasonedError NotTrusted; system errors, where it is not there
 */
export async function assertTrustedWay(path: string): Promise<void> {
  const real = await realpath(path);
  assertTrusted(path, await stat(real));
  for (let above = dirname(real); ; above = dirname(above)) {
    const stats = await stat(above);
    const mode = (stats.mode & STICKY) === 0 ? stats.mode : stats.mode & ~0o022;
    const why = whyUntrusted({ uid: stats.uid, mode });
    if (why !== undefined) throw notTrusted(above, why, path);
    if (above === dirname(above)) return;
  }
}

function notTrusted(path: string, why: string, below = path): ReasonedError {
  const what = below === path ? `"${path}": ${why}` : `"${below}": of "${path}" above it ${why}`;
  return new ReasonedError('NotTrusted', `cannot use ${what}; what stands there is done as root`, {
    hint: `chown root: ${path} && chmod go-w ${path}`,
  });
}
