import { readIfExists } from '../files.ts';

/** What a machine has, as /proc tells. */
export interface Machine {
  /** Bytes. */
  readonly memoryTotal: number;
  /** Bytes that can be had without swapping. */
  readonly memoryAvailable: number;
  readonly cpus: number;
  /** What the first CPU can do, such as `vmx`. */
  readonly cpuFlags: readonly string[];
}

/** Undefined where there is no such /proc. */
export async function readMachine(procDir = '/proc'): Promise<Machine | undefined> {
  const [memory, cpus] = await Promise.all([
    readIfExists(`${procDir}/meminfo`),
    readIfExists(`${procDir}/cpuinfo`),
  ]);
  return memory === undefined || cpus === undefined ? undefined : parseMachine(memory, cpus);
}

/** @param meminfo,cpuinfo the files of these names in /proc */
export function parseMachine(meminfo: string, cpuinfo: string): Machine {
  const bytes = (name: string): number => {
    const kibibytes = new RegExp(`^${name}:\\s+([0-9]+) kB$`, 'm').exec(meminfo)?.[1];
    return Number(kibibytes ?? 0) * 1024;
  };
  return {
    memoryTotal: bytes('MemTotal'),
    memoryAvailable: bytes('MemAvailable'),
    cpus: [...cpuinfo.matchAll(/^processor\s*:/gm)].length,
    cpuFlags: (/^(?:flags|Features)\s*: (.*)$/m.exec(cpuinfo)?.[1] ?? '').split(' '),
  };
}
