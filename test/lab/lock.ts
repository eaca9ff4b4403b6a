import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Holds a file's flock while work runs. The kernel lets go of it when we die, so a killed run never leaves it taken.
 * onWait is called once if somebody else holds it. Throws when the signal aborts meanwhile.
 */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  options.signal?.throwIfAborted();
  mkdirSync(dirname(file), { recursive: true });
  // cat ends, and with it the lock, when our end of the pipe closes.
  const holder = spawn('flock', ['--no-fork', file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  function giveUp(): void {
    holder.kill('SIGKILL');
  }
  options.signal?.addEventListener('abort', giveUp, { once: true });
  const patience = setTimeout(() => options.onWait?.(), 300);
  try {
    const held = await new Promise<boolean>((resolve, reject) => {
      holder.once('error', reject);
      holder.once('exit', () => resolve(false));
      holder.stdout.once('data', () => resolve(true));
    });
    clearTimeout(patience);
    options.signal?.throwIfAborted();
    if (!held) throw new Error(`cannot lock ${file}`);
    return await work();
  } finally {
    clearTimeout(patience);
    options.signal?.removeEventListener('abort', giveUp);
    holder.stdin.end();
  }
}

export interface LockOptions {
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
}
