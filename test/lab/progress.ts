import { allObjects } from './api.ts';
import type { Vmhost } from './vmhost.ts';

/** One object, as far as the lab looks at it. */
interface LabObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
  };
}

/** What stands between an object and Ready: its key, whether it is there, and a line to print. */
export interface Readiness {
  readonly key: string;
  readonly ready: boolean;
  readonly line: string;
}

/** @param objects as k8slabd serves them */
export function readinessOf(objects: readonly unknown[]): Readiness[] {
  return (objects as readonly LabObject[]).map((item) => {
    const key = `${item.kind.toLowerCase()}/${item.metadata.name}`;
    const condition = item.status?.conditions?.find(({ type }) => type === 'Ready');
    const ready = condition?.status === 'True';
    const why = [condition?.reason ?? 'Pending', condition?.message ?? '']
      .filter((part) => part !== '')
      .join(': ');
    return { key, ready, line: `${key} ${ready ? 'Ready' : why}` };
  });
}

/** The lines of `now` that `before` does not have. */
export function changedLines(before: readonly Readiness[], now: readonly Readiness[]): string[] {
  const known = new Set(before.map(({ line }) => line));
  return now.map(({ line }) => line).filter((line) => !known.has(line));
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Watches the vmhost's objects until all are Ready (true) or time is over (false). */
export async function waitUntilReady(vmhost: Vmhost, options: WaitOptions): Promise<boolean> {
  const end = performance.now() + options.timeoutMs;
  let before: Readiness[] = [];
  let silence = '';
  while (performance.now() < end) {
    options.signal?.throwIfAborted();
    const within = { timeoutMs: 20_000, ...(options.signal === undefined ? {} : { signal: options.signal }) };
    const answer = await allObjects(vmhost, within);
    if ('items' in answer) {
      const now = readinessOf(answer.items);
      changedLines(before, now).forEach(options.report);
      if (now.length > 0 && now.every(({ ready }) => ready)) return true;
      before = now;
    } else {
      const { problem } = answer;
      if (problem !== silence) options.report(`k8slabd does not answer: ${problem}`);
      silence = problem;
      if (await hasFailed(vmhost)) return false;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return false;
}

/** Whether k8slabd is beyond hope: systemd gave it up, or has restarted it a few times already. */
async function hasFailed(vmhost: Vmhost): Promise<boolean> {
  const { stdout } = await vmhost.exec([
    'systemctl',
    'show',
    '-P',
    'ActiveState',
    '-P',
    'NRestarts',
    'k8slabd.service',
  ]);
  const words = stdout.split('\n');
  return words.includes('failed') || words.some((word) => Number(word) >= 3);
}
