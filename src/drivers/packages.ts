import { ReasonedError } from '../api/errors.ts';
import { INSTALL, NO_MANAGER, UPDATE } from './packages/scripts.ts';
import { asRoot } from './ssh/as-root.ts';
import type { Ssh, SshResult, SshTarget } from './ssh.ts';

export interface PackageOptions {
  readonly signal?: AbortSignal;
  /** Each line that the package manager prints. */
  readonly onLine: (line: string) => void;
}

/** The guest's own package manager: apt, dnf or yum. It waits while another one holds the lock. */
export interface Packages {
  /**
   * Installs the package, and where SELinux is on the tools that label ports.
   * Reasons: NoPackageManager, InstallFailed, and those of SSH.
   */
  install(target: SshTarget, name: string, options: PackageOptions): Promise<void>;
  /** Brings all packages up to date. Reasons: NoPackageManager, UpdateFailed, and those of SSH. */
  update(target: SshTarget, options: PackageOptions): Promise<{ rebootRequired: boolean }>;
}

export interface PackagesOptions {
  readonly ssh: Ssh;
  /** Where the output is kept in the guests. */
  readonly log?: string;
}

const DEADLINE_MS = 3_600_000;
const MAX_OUTPUT = 16 * 1024 * 1024;
const SHOWN_LINES = 5;

export function createPackages({ ssh, log = '/var/log/k8slab-packages.log' }: PackagesOptions): Packages {
  async function run(
    target: SshTarget,
    [script, args]: readonly [string, readonly string[]],
    { signal, onLine }: PackageOptions,
  ): Promise<SshResult> {
    const lines = lineReader(onLine);
    const limits = { deadlineMs: DEADLINE_MS, maxOutput: MAX_OUTPUT, signal, onStdout: lines.add };
    const result = await ssh.exec(target, asRoot(target, script, [log, ...args]), limits);
    lines.end();
    if (result.code !== NO_MANAGER) return result;
    throw new ReasonedError(
      'NoPackageManager',
      `cannot use packages of guest "${target.address}": it has none of apt-get, dnf and yum`,
    );
  }
  return {
    async install(target, name, options) {
      const result = await run(target, [INSTALL, [name]], options);
      if (result.code !== 0) throw failed(['InstallFailed', `cannot install ${name}`], target, log, result);
    },
    async update(target, options) {
      const result = await run(target, [UPDATE, []], options);
      if (result.code !== 0) throw failed(['UpdateFailed', 'cannot update packages'], target, log, result);
      return { rebootRequired: result.stdout.trimEnd().endsWith('reboot required') };
    },
  };
}

function failed(
  [reason, what]: readonly [string, string],
  { address }: SshTarget,
  log: string,
  result: SshResult,
): ReasonedError {
  const said = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const why = said.slice(-SHOWN_LINES).join('; ') || `exit code ${result.code}`;
  return new ReasonedError(reason, `${what} on guest "${address}": ${why}`, {
    hint: `the whole of it is in ${log} there`,
  });
}

/** Cuts what comes in pieces into lines; a carriage return ends one too, as progress bars write them. */
function lineReader(onLine: (line: string) => void): { add: (text: string) => void; end: () => void } {
  let rest = '';
  function tell(line: string): void {
    if (line.trim() !== '') onLine(line.trimEnd());
  }
  return {
    add(text) {
      const lines = `${rest}${text}`.split(/[\n\r]/);
      rest = lines.pop() ?? '';
      lines.forEach(tell);
    },
    end: () => tell(rest),
  };
}
