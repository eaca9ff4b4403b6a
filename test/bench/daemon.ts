import type { Lab } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';
import { manifests } from './manifests.ts';

/** k8slabd in the vmhost, seen from outside: by its metrics, its journal and /proc. */
export interface Daemon {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Reads the manifests and looks at every object. */
  reload(): Promise<void>;
  metrics(): Promise<Samples>;
  /** Waits until as many Nodes have this condition. @returns false when that takes too long */
  untilNodes(count: number, condition: string, timeoutMs: number): Promise<boolean>;
  /** Waits until no pass has begun or ended for two seconds. */
  untilQuiet(timeoutMs: number): Promise<boolean>;
  /** CPU seconds that the daemon, its virsh sessions and libvirtd have used. */
  cpuSeconds(): Promise<{ readonly daemon: number; readonly libvirt: number }>;
  residentMiB(): Promise<number>;
  /** Calls that changed libvirt since a moment (`now`), in their order. */
  changes(since: number): Promise<Change[]>;
  /** Seconds since 1970 by the vmhost's clock. */
  now(): Promise<number>;
}

export interface Change {
  readonly argv: readonly string[];
  /** Seconds since 1970. */
  readonly began: number;
  readonly ended: number;
}

const METRICS = ['curl', '-sf', '-m', '60', 'http://127.0.0.1:9811/metrics'];

export function daemonOf(lab: Lab): Daemon {
  async function metrics(): Promise<Samples> {
    return new Samples((await lab.exec(METRICS)).stdout);
  }
  return {
    metrics,
    start: async () => {
      await lab.must(['systemctl', 'start', 'k8slabd']);
    },
    stop: async () => {
      await lab.exec(['systemctl', 'stop', 'k8slabd']);
    },
    reload: async () => {
      await lab.must(['systemctl', 'reload', 'k8slabd']);
    },
    untilNodes: (count, condition, timeoutMs) =>
      holds(async () => (await metrics()).nodesWith(condition) >= count, timeoutMs, 200),
    untilQuiet(timeoutMs) {
      let before = '';
      return holds(
        async () => {
          const now = (await metrics()).passes();
          const quiet = JSON.stringify(now) === before;
          before = JSON.stringify(now);
          return quiet;
        },
        timeoutMs,
        2000,
      );
    },
    cpuSeconds: async () => {
      const text = await lab.must(['sh', '-c', CPU]);
      const [daemon = NaN, libvirt = NaN] = text.trim().split(' ').map(Number);
      return { daemon, libvirt };
    },
    residentMiB: async () => Number(await lab.must(['sh', '-c', RESIDENT])) / 1024,
    changes: async (since) => {
      const from = `--since=@${since.toFixed(3)}`;
      const text = await lab.must(['journalctl', '-u', 'k8slabd', '-o', 'json', '--no-pager', from]);
      return text.split('\n').flatMap(changeOf);
    },
    now: async () => Number(await lab.must(['date', '+%s.%N'])),
  };
}

async function holds(check: () => Promise<boolean>, timeoutMs: number, intervalMs: number): Promise<boolean> {
  return (await poll(async () => ((await check()) ? true : undefined), { timeoutMs, intervalMs })) ?? false;
}

const PID = 'pid=$(systemctl show -p MainPID --value k8slabd)';
/** utime, stime and those of ended children, of what the unit runs and of libvirtd, in clock ticks of 10 ms. */
const CPU = `${PID}
ticks() { cat $(printf '/proc/%s/stat ' "$@") 2>/dev/null | awk '{ sub(/.*\\) /, ""); sum += $12 + $13 + $14 + $15 } END { printf "%.2f ", sum / 100 }'; }
ticks $pid $(pgrep -P $pid)
ticks $(pgrep -x libvirtd)`;
const RESIDENT = `${PID}
awk '/^VmRSS/ { print $2 }' /proc/$pid/status`;

function changeOf(line: string): Change[] {
  if (!line.includes('libvirt changed')) return [];
  const entry = JSON.parse(line) as { __REALTIME_TIMESTAMP: string; MESSAGE: string };
  const { argv, seconds } = JSON.parse(entry.MESSAGE) as { argv: string[]; seconds: number };
  const ended = Number(entry.__REALTIME_TIMESTAMP) / 1e6;
  return [{ argv, ended, began: ended - seconds }];
}

/** One scrape. */
export class Samples {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  /** The sum of the series whose name and labels match. */
  sum(pattern: RegExp): number {
    const lines = this.#text.split('\n').filter((line) => !line.startsWith('#') && pattern.test(line));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  nodesWith(condition: string): number {
    return this.sum(
      new RegExp(`^k8slab_object_condition\\{kind="Node",.*type="${condition}",status="True".*\\} 1$`),
    );
  }

  /** Passes that have ended, by controller. */
  passes(): Record<string, number> {
    const passes: Record<string, number> = {};
    const series = /^controller_runtime_reconcile_time_seconds_count\{controller="(\w+)"\} (\d+)$/gm;
    for (const [, controller = '', count] of this.#text.matchAll(series)) passes[controller] = Number(count);
    return passes;
  }

  /** Calls of virsh that have ended, by operation. */
  virshCalls(): Record<string, number> {
    const calls: Record<string, number> = {};
    const series = /^k8slab_driver_call_duration_seconds_count\{driver="virsh",op="([\w-]+)"\} (\d+)$/gm;
    for (const [, op = '', count] of this.#text.matchAll(series)) calls[op] = Number(count);
    return calls;
  }
}

/** What has been added between two counts, without what has not changed. */
export function difference(
  before: Record<string, number>,
  after: Record<string, number>,
): Record<string, number> {
  const added = Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)] as const);
  return Object.fromEntries(added.filter(([, count]) => count !== 0));
}

/** Writes manifests into /etc/k8slab.d in one go. */
export async function applyManifests(lab: Lab, nodes: number): Promise<void> {
  const files = [...manifests(nodes)];
  // A shell archive: one process instead of a thousand.
  const script = files.map(([name, text]) => `cat >/etc/k8slab.d/${name} <<'END'\n${text}END\n`).join('');
  await lab.must(['sh', '-s'], { input: script });
}
