import { ReasonedError } from '../api/errors.ts';
import type { Virsh } from '../drivers/libvirt.ts';

/** How long the processor is watched. */
export const SAMPLE_MS = 1000;

/** What virsh tells at one moment; times are nanoseconds, memory is KiB. */
export interface Usage {
  readonly cpu: number;
  readonly cpus: number;
  readonly memory: number;
  readonly memoryTotal: number;
}

export interface Sample {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly guests: ReadonlyMap<string, Usage>;
  readonly vmhost: Usage;
}

export interface TopRow {
  readonly name: string;
  /** Undefined: it does not run. */
  readonly used?: {
    /** Thousandths of a CPU. */
    readonly millicores: number;
    /** Of all CPUs that it has. */
    readonly cpuPercent: number;
    readonly mebibytes: number;
    readonly memoryPercent: number;
  };
}

export type SortBy = 'name' | 'cpu' | 'memory';

/** One call for all guests, and three for the vmhost. */
export async function sampleUsage(virsh: Pick<Virsh, 'call'>, now: () => number): Promise<Sample> {
  const [stats, cpu, memory, info] = await Promise.all([
    virsh.call(['domstats', '--list-running', '--cpu-total', '--vcpu', '--balloon']),
    virsh.call(['nodecpustats']),
    virsh.call(['nodememstats']),
    virsh.call(['nodeinfo']),
  ]);
  return { at: now(), guests: parseDomainUsage(stats), vmhost: parseVmhostUsage(cpu, memory, info) };
}

/** `virsh domstats`, one block per guest. */
export function parseDomainUsage(text: string): ReadonlyMap<string, Usage> {
  const blocks = text.split(/^Domain: /m).slice(1);
  return new Map(
    blocks.map((block) => {
      const name = /^'(.*)'$/m.exec(block)?.[1] ?? '';
      const values = new Map(
        [...block.matchAll(/^ +([\w.-]+)=(\d+)$/gm)].map(([, key = '', value]) => [key, Number(value)]),
      );
      const vcpus = [...values].filter(([key]) => /^vcpu\.\d+\.time$/.test(key)).map(([, time]) => time);
      const busy = vcpus.reduce((sum, time) => sum + time, 0);
      return [
        name,
        {
          // Without cgroups libvirt tells only of the virtual CPUs, and not of QEMU's own work beside them.
          cpu: values.get('cpu.time') ?? busy,
          cpus: values.get('vcpu.current') ?? vcpus.length,
          memory: values.get('balloon.rss') ?? values.get('balloon.current') ?? 0,
          memoryTotal: values.get('balloon.current') ?? 0,
        },
      ];
    }),
  );
}

/** `virsh nodecpustats`, `nodememstats` and `nodeinfo`. */
export function parseVmhostUsage(cpu: string, memory: string, info: string): Usage {
  const numbers = new Map(
    [...`${cpu}\n${memory}\n${info}`.matchAll(/^([A-Za-z() ]+): +(\d+)/gm)].map(([, key = '', value]) => [
      key.trimEnd(),
      Number(value),
    ]),
  );
  const of = (key: string): number => numbers.get(key) ?? 0;
  const total = of('total');
  return {
    cpu: of('user') + of('system'),
    cpus: of('CPU(s)'),
    memory: Math.max(0, total - of('free') - of('buffers') - of('cached')),
    memoryTotal: total,
  };
}

/** What was used between two samples. @param names those to show; undefined: all that run */
export function topRows(before: Sample, after: Sample, names?: readonly string[]): TopRow[] {
  const ms = Math.max(1, after.at - before.at);
  return (names ?? [...after.guests.keys()]).map((name) => {
    const [first, last] = [before.guests.get(name), after.guests.get(name)];
    return last === undefined ? { name } : { name, used: usedBetween(first, last, ms) };
  });
}

export function vmhostRow(before: Sample, after: Sample): TopRow {
  const ms = Math.max(1, after.at - before.at);
  const most = after.vmhost.cpus * 1000;
  const { millicores, cpuPercent, ...memory } = usedBetween(before.vmhost, after.vmhost, ms);
  // Clock and counters are read one after the other.
  const cpu = { millicores: Math.min(most, millicores), cpuPercent: Math.min(100, cpuPercent) };
  return { name: '(vmhost)', used: { ...cpu, ...memory } };
}

/** A guest that started, or started anew, in between has used what it shows. */
function usedBetween(before: Usage | undefined, after: Usage, ms: number): NonNullable<TopRow['used']> {
  const nanoseconds = before === undefined || before.cpu > after.cpu ? after.cpu : after.cpu - before.cpu;
  const millicores = Math.round(nanoseconds / 1000 / ms);
  return {
    millicores,
    cpuPercent: percent(millicores, after.cpus * 1000),
    mebibytes: Math.round(after.memory / 1024),
    memoryPercent: percent(after.memory, after.memoryTotal),
  };
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((100 * part) / whole);
}

/** The most first, as kubectl sorts; those that do not run last. */
export function sortRows(rows: readonly TopRow[], by: SortBy): TopRow[] {
  const key = { cpu: 'millicores', memory: 'mebibytes' } as const;
  return rows.toSorted((a, b) => {
    const difference = by === 'name' ? 0 : (b.used?.[key[by]] ?? -1) - (a.used?.[key[by]] ?? -1);
    return difference !== 0 ? difference : a.name < b.name ? -1 : 1;
  });
}

const HEADER = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'];

/** In the shape of `kubectl top node`. */
export function topTable(rows: readonly TopRow[], headers: boolean): string[][] {
  const cells = rows.map(({ name, used }) =>
    used === undefined
      ? [name, ...Array.from({ length: 4 }, () => '<unknown>')]
      : [name, `${used.millicores}m`, `${used.cpuPercent}%`, `${used.mebibytes}Mi`, `${used.memoryPercent}%`],
  );
  return [...(headers ? [HEADER] : []), ...cells];
}

/** @throws ReasonedError NotFound */
export function chosenNodes(all: readonly string[], words: readonly string[]): readonly string[] {
  const known = new Set(all);
  const missing = words.filter((name) => !known.has(name));
  if (missing.length === 0) return words.length === 0 ? all : words;
  throw new ReasonedError(
    'NotFound',
    `cannot show usage of Node "${missing.join('", "')}": there is no such Node`,
  );
}
