import { ExecError, exec as runCommand } from './exec.ts';
import type { Exec } from './exec.ts';

/** What the vmhost's firewall does with what guests send beyond it. */
export interface Firewall {
  /** Of the chain FORWARD: ACCEPT, or DROP as Docker sets it. */
  readonly forwardPolicy: string;
  /** Bridges that a rule of libvirt's own chains lets out. */
  readonly accepted: readonly string[];
  /** Networks whose source addresses are translated. */
  readonly masqueraded: readonly string[];
}

const DEADLINE_MS = 5000;
/** How nft ends where there is no such table. */
const NO_TABLE = 1;

/** Undefined where there is no iptables or it may not be asked: then nothing is known. */
export async function readFirewall(exec: Exec = runCommand): Promise<Firewall | undefined> {
  const filter = await rules(exec, ['iptables', '-w', '2', '-S']);
  const nat = await rules(exec, ['iptables', '-w', '2', '-t', 'nat', '-S']);
  if (filter === undefined || nat === undefined) return undefined;
  // libvirt 10.4 and newer may keep its rules in a table of their own.
  const own = (await rules(exec, ['nft', 'list', 'table', 'ip', 'libvirt_network'], [0, NO_TABLE])) ?? '';
  return parseFirewall(filter, nat, own);
}

/** @param filter,nat output of `iptables -S`; @param own output of `nft list table ip libvirt_network`, or "" */
export function parseFirewall(filter: string, nat: string, own: string): Firewall {
  const accepted = matches(filter, / -j ACCEPT$/, /^-A (?:LIBVIRT_FWO|FORWARD) .*-i (\S+) /);
  const translated = [
    ...matches(nat, / -j MASQUERADE/, /^-A \S+ -s (\S+) /),
    ...matches(own, /masquerade/, /\bip saddr (\S+) /),
  ];
  return {
    forwardPolicy: /^-P FORWARD (\S+)$/m.exec(filter)?.[1] ?? 'ACCEPT',
    accepted: [...new Set(accepted)],
    masqueraded: [...new Set(translated)],
  };
}

/** What `pattern` finds in lines with that verdict; one pattern for both would take the square of a line's length. */
function matches(text: string, verdict: RegExp, pattern: RegExp): string[] {
  const lines = text.split('\n').filter((line) => verdict.test(line));
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

async function rules(
  exec: Exec,
  argv: readonly string[],
  okCodes: readonly number[] = [0],
): Promise<string | undefined> {
  try {
    return (await exec(argv, { deadlineMs: DEADLINE_MS, okCodes })).stdout;
  } catch (error) {
    if (error instanceof ExecError) return undefined;
    throw error;
  }
}
