import { exec as runCommand } from './exec.ts';
import type { Exec } from './exec.ts';

export interface NotifierOptions {
  exec?: Exec;
  env?: Readonly<Record<string, string | undefined>>;
  pid?: number;
  /** CLOCK_MONOTONIC in nanoseconds. */
  monotonic?: () => bigint;
  /**
   * Whether to wait until systemd has read the message. Needed where the daemon lacks CAP_SYS_ADMIN: systemd-notify
   * then cannot send on behalf of its parent, the unit needs NotifyAccess=all, and a sender that is gone before its
   * message is read is not recognised.
   */
  block?: boolean;
}

/** What the daemon tells systemd; nothing is sent outside a unit of Type=notify. Errors: ExecError. */
export interface Notifier {
  ready(): Promise<void>;
  status(text: string): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
  watchdog(): Promise<void>;
  /** Milliseconds between two calls of watchdog(); undefined when the unit has no watchdog. */
  watchdogIntervalMs(): number | undefined;
}

/** A start fails with it, so it is generous: a busy machine may take seconds to run a program. */
const DEADLINE_MS = 30_000;

/** Makes a notifier that speaks through systemd-notify. */
export function createNotifier(options: NotifierOptions = {}): Notifier {
  const {
    exec = runCommand,
    env = process.env,
    monotonic = () => process.hrtime.bigint(),
    block = false,
  } = options;
  const socket = env['NOTIFY_SOCKET'] ?? '';

  async function send(...variables: string[]): Promise<void> {
    if (socket === '') return;
    // Variables rather than options: systemd 252 has no --reloading and no --stopping.
    const argv = ['systemd-notify', ...(block ? [] : ['--no-block']), '--', ...variables];
    await exec(argv, { deadlineMs: DEADLINE_MS, env: { NOTIFY_SOCKET: socket } });
  }

  return {
    ready: () => send('READY=1'),
    status: (text) => send(`STATUS=${oneLine(text)}`),
    // Type=notify-reload (systemd 253 and newer) ignores RELOADING without the time.
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${String(monotonic() / 1000n)}`),
    stopping: () => send('STOPPING=1'),
    watchdog: () => send('WATCHDOG=1'),
    watchdogIntervalMs: () => watchdogInterval(env, options.pid ?? process.pid),
  };
}

/** A third of the time-out, so that one late message does no harm. */
function watchdogInterval(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = env;
  const timeout = Number(WATCHDOG_USEC ?? '');
  if ((NOTIFY_SOCKET ?? '') === '' || !Number.isSafeInteger(timeout) || timeout <= 0) return undefined;
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return undefined;
  return Math.max(1, Math.floor(timeout / 3000));
}

/** A line end in a value would start another variable. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\0]+/g, (space) => (/[\r\n\0]/.test(space) ? ' ' : space)).trim();
}
