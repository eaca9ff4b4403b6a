import { basename } from 'node:path';
import { reasonOf } from '../api/errors.ts';
import type { Exec } from '../drivers/exec.ts';
import type { Meter } from './metered.ts';

interface Program {
  readonly reading: readonly string[];
  readonly mutating: readonly string[];
}

const RUN: Program = { reading: [], mutating: ['run'] };

/** The programs that drivers run to their end, each with its commands; `run` is whatever is none of those. */
const PROGRAMS: Readonly<Record<string, Program>> = {
  'qemu-img': { reading: ['info'], mutating: ['create', 'convert', 'resize', 'run'] },
  xorriso: RUN,
  genisoimage: RUN,
  xz: { reading: ['list'], mutating: ['run'] },
  zstd: RUN,
  ip: RUN,
  nft: { reading: ['list'], mutating: ['run'] },
  iptables: { reading: ['run'], mutating: [] },
};

const REASONS = ['CommandNotFound', 'CommandFailed', 'DeadlineExceeded', 'OutputTooLarge', 'Aborted'];

/** Runs commands; the programs among them are counted and timed as drivers of their names. */
export function meteredExec(exec: Exec, { metrics, clock }: Meter): Exec {
  for (const [driver, ops] of Object.entries(PROGRAMS))
    metrics.declareDriver(driver, { ...ops, reasons: REASONS });
  return async (argv, options) => {
    const call = callOf(argv);
    if (call === undefined) return exec(argv, options);
    const since = clock.monotonic();
    function record(reason?: string): void {
      if (call !== undefined)
        metrics.driverCall({ ...call, seconds: (clock.monotonic() - since) / 1000, reason });
    }
    try {
      const result = await exec(argv, options);
      record();
      return result;
    } catch (error) {
      record(reasonOf(error));
      throw error;
    }
  };
}

/** Undefined for a program that nobody counts. */
function callOf(
  argv: readonly string[],
): { readonly driver: string; readonly op: string; readonly mutating: boolean } | undefined {
  const [command, ...words] = isLimited(argv) ? argv.slice(2) : argv;
  const driver = basename(command ?? '');
  const program = PROGRAMS[driver];
  if (program === undefined) return undefined;
  const asked = words.slice(0, 2).map((word) => word.replace(/^--/, ''));
  const named = [...program.reading, ...program.mutating].find((op) => op !== 'run' && asked.includes(op));
  const op = named ?? 'run';
  return { driver, op, mutating: program.mutating.includes(op) };
}

/** `prlimit --fsize=N PROGRAM …` */
function isLimited([command, limit = '']: readonly string[]): boolean {
  return command === 'prlimit' && limit.startsWith('--');
}
