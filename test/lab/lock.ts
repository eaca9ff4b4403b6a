import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';

/** Holds a file's flock while work runs; see takeLock. */
export async function withLock<T>(
  file: string,
  work: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const release = await takeLock(file, options);
  try {
    return await work();
  } finally {
    release();
  }
}

/**
 * Takes a file's flock. The kernel lets go of it when we die, so a killed run never leaves it taken.
 * onWait is called once if somebody else holds it. Throws when the signal aborts meanwhile. @returns what lets go of it
 */
export async function takeLock(file: string, options: LockOptions = {}): Promise<() => void> {
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
    options.signal?.throwIfAborted();
    if (!held) throw new Error(`cannot lock ${file}`);
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    clearTimeout(patience);
    options.signal?.removeEventListener('abort', giveUp);
  }
  // A lock alone keeps no process running.
  holder.unref();
  for (const pipe of [holder.stdin, holder.stdout]) if (pipe instanceof Socket) pipe.unref();
  return () => {
    holder.stdin.end();
  };
}

export interface LockOptions {
  readonly onWait?: () => void;
  readonly signal?: AbortSignal | undefined;
}
