import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfExists } from '../files.ts';

export interface ProcessDirs {
  /** Where libvirt has NETWORK.pid. */
  readonly pidDir: string;
  readonly procDir: string;
}

/** The process that a pid file names, if it is a dnsmasq: after a crash the pid may by now be somebody else's. */
export async function pidOf(pidFile: string, procDir: string): Promise<number | undefined> {
  const pid = Number((await readIfExists(pidFile)) ?? 0);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const comm = await readFile(join(procDir, String(pid), 'comm'), 'utf8').catch(() => '');
  return comm.trim() === 'dnsmasq' ? pid : undefined;
}

const PID = '.pid';
/** All pid files are read again at every so many looks, also where nothing seems to have changed. */
const LOOKS = 3;

/** Tells when a dnsmasq ends, which changes no file and which libvirt does not notice. Looks every `everyMs`. */
export function watchProcesses(
  dirs: ProcessDirs,
  everyMs: number,
  onEnd: (network: string) => void,
): { dispose(): void } {
  const look = createLook(dirs, onEnd);
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, everyMs).unref();
  return {
    dispose() {
      clearInterval(timer);
    },
  };
}

/**
 * One look: whether the processes are there that there were, and at all pid files where one of them or their directory is
 * another one. Never rejects.
 */
export function createLook(dirs: ProcessDirs, onEnd: (network: string) => void): () => Promise<void> {
  let running: readonly Running[] = [];
  let seen: number | undefined;
  let looks = 0;
  return async () => {
    const changed = changedAt(dirs.pidDir);
    const same = changed === seen && running.every(({ pid }) => existsSync(join(dirs.procDir, String(pid))));
    looks += 1;
    if (same && looks % LOOKS !== 0) return;
    seen = changed;
    const before = running;
    running = await runningIn(dirs);
    const now = new Set(running.map(keyOf));
    for (const each of before) if (!now.has(keyOf(each))) onEnd(each.network);
  };
}

interface Running {
  readonly network: string;
  readonly pid: number;
}

function keyOf({ network, pid }: Running): string {
  return `${network} ${pid}`;
}

/** When a file last came or went; asked of the kernel's memory at each look, where a promise costs more than the answer. */
function changedAt(dir: string): number | undefined {
  try {
    return statSync(dir).mtimeMs;
  } catch {
    return undefined;
  }
}

/** None where nothing can be read. */
async function runningIn({ pidDir, procDir }: ProcessDirs): Promise<Running[]> {
  const names = await readdir(pidDir).catch((): string[] => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith(PID))
      .map(async (name) => {
        const pid = await pidOf(join(pidDir, name), procDir).catch(() => undefined);
        return pid === undefined ? [] : [{ network: name.slice(0, -PID.length), pid }];
      }),
  );
  return found.flat();
}
