import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** How a command ended; code is 137 when a signal killed it. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/**
 * Runs argv to its end and collects what it printed. It dies with us, whatever way we go, and so does its process group.
 * Throws only when it cannot be started or when the signal aborts.
 */
export async function runCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  function end(): void {
    if (child.pid !== undefined) killGroup(child.pid);
  }
  options.signal?.addEventListener('abort', end, { once: true });
  const deadline = options.timeoutMs === undefined ? undefined : setTimeout(end, options.timeoutMs);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => undefined); // a command may end without reading its input
  child.stdin.end(options.input ?? '');
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 137));
    });
    options.signal?.throwIfAborted();
    return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  } finally {
    clearTimeout(deadline);
    options.signal?.removeEventListener('abort', end);
  }
}

/** Runs argv and returns its stdout; throws with the end of its stderr when it fails. */
export async function mustRun(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.code !== 0) {
    const said = `${result.stdout}${result.stderr}`.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${argv.slice(0, 4).join(' ')} … ended with ${result.code}:\n${said}`);
  }
  return result.stdout;
}

/** Runs argv on our own terminal and returns its exit code. */
export function runAttached(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [command = '', ...rest] = argv;
  const child = spawn(command, rest, { stdio: 'inherit', env });
  // Ctrl-C goes to the command, which decides what it means; a TERM to us is passed on.
  function ignore(): void {
    // its exit code tells
  }
  function pass(signal: NodeJS.Signals): void {
    child.kill(signal);
  }
  process.on('SIGINT', ignore);
  process.on('SIGTERM', pass);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', pass);
      resolve(code ?? 137);
    });
  });
}

/** Kills a process group; one that is gone already is no error. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it ended by itself
  }
}

/** A process as /proc tells it: its parent and the moment it started (clock ticks after boot), or undefined when gone. */
export function processStat(pid: number): { parent: number; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return { parent: Number(fields[1]), started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

export function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A file of /proc/PID; empty when the process is gone. */
export function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Asks again every intervalMs until check returns something; undefined when timeoutMs is over. */
export async function poll<T>(
  check: () => T | undefined | Promise<T | undefined>,
  timing: { timeoutMs: number; intervalMs: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const end = performance.now() + timing.timeoutMs;
  for (;;) {
    timing.signal?.throwIfAborted();
    const found = await check();
    if (found !== undefined || performance.now() >= end) return found;
    await new Promise((resolve) => setTimeout(resolve, timing.intervalMs));
  }
}
