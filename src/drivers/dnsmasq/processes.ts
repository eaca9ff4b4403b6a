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

/** Tells when a dnsmasq ends, which changes no file and which libvirt does not notice. Looks every `everyMs`. */
export function watchProcesses(
  dirs: ProcessDirs,
  everyMs: number,
  onEnd: (network: string) => void,
): { dispose(): void } {
  let running = new Set<string>();
  let looking = false;
  async function look(): Promise<void> {
    const now = new Set(await runningIn(dirs));
    const ended = [...running].filter((one) => !now.has(one));
    running = now;
    for (const one of ended) onEnd(one.replace(/\.pid \d+$/, ''));
  }
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

/** `NETWORK.pid PID` of each; none where nothing can be read. */
async function runningIn({ pidDir, procDir }: ProcessDirs): Promise<string[]> {
  const names = await readdir(pidDir).catch((): string[] => []);
  const pids = await Promise.all(
    names
      .filter((name) => name.endsWith('.pid'))
      .map(async (name) => {
        const pid = await pidOf(join(pidDir, name), procDir).catch(() => undefined);
        return pid === undefined ? [] : [`${name} ${pid}`];
      }),
  );
  return pids.flat();
}
