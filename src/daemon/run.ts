import { addAbortListener } from 'node:events';
import { daemonConfig, type DaemonConfig } from '../api/daemon-config.ts';
import { explainError, ReasonedError } from '../api/errors.ts';
import { version } from '../api/version.ts';
import { createNotifier } from '../drivers/systemd.ts';
import type { Logger } from '../engine/logger.ts';
import { systemClock } from '../engine/clock.ts';
import { DEFAULT_CONFIG_PATH } from './config-path.ts';
import { changedFields, loadConfig } from './config.ts';
import { startDaemon, type Daemon } from './daemon.ts';
import { converge } from './converge.ts';
import { createLog } from './log.ts';

export interface RunFlags {
  readonly config?: string;
  readonly manifests?: string;
  readonly logLevel?: string;
  readonly once?: boolean;
  readonly timeout: number;
}

/** Runs until SIGTERM or SIGINT, or with --once until every object is Ready. @returns the exit code */
export async function runDaemon(flags: RunFlags): Promise<number> {
  const config = await configOf(flags);
  const log = createLog(config.logLevel, process.env['JOURNAL_STREAM'] !== undefined);
  const clock = systemClock();
  // The unit grants no CAP_SYS_ADMIN.
  const notifier = createNotifier({ block: true });
  const stopped = stopSignal();
  const started = startDaemon({ config, version, log, clock, notifier });
  // systemd takes it for started, and may signal it, a moment before it is.
  process.on('SIGHUP', () => void started.then((daemon) => reload(daemon, { flags, config, log }), ignore));
  const daemon = await started;
  const code =
    flags.once === true
      ? await converge(daemon, { clock, seconds: flags.timeout, signal: stopped.signal, tell })
      : await forever(stopped.signal);
  await daemon.stop();
  return code;
}

async function configOf(flags: RunFlags): Promise<DaemonConfig> {
  const config = await loadConfig(flags.config ?? DEFAULT_CONFIG_PATH, {
    mustExist: flags.config !== undefined,
    trusted: true,
  });
  const { manifests, logLevel } = flags;
  const given = {
    ...config,
    ...(manifests === undefined ? {} : { manifests }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
  const result = daemonConfig.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ReasonedError(
    'InvalidConfig',
    `cannot start: --${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
  );
}

/** Takes the manifests anew, and says of the configuration what only a restart would take. Never rejects. */
async function reload(
  daemon: Daemon,
  { flags, config, log }: { flags: RunFlags; config: DaemonConfig; log: Logger },
): Promise<void> {
  try {
    const fields = changedFields(config, await configOf(flags));
    if (fields.length > 0)
      log.warn(
        { fields, hint: 'systemctl restart k8slabd' },
        'these fields of the configuration need a restart',
      );
  } catch (error) {
    log.error({ why: explainError(error) }, 'the configuration is not valid; the one in use stays');
  }
  const why = await daemon.reload();
  if (why === undefined) log.info({}, 'the manifests were read again, and every object is looked at');
  else log.error({ why }, 'the manifests cannot be read; every object is looked at by those read last');
}

/** The first signal ends the daemon in order; the second ends it at once. */
function stopSignal(): AbortController {
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopped.signal.aborted) process.exit(1);
      stopped.abort();
    });
  }
  return stopped;
}

function forever(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    addAbortListener(signal, () => resolve(0));
  });
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

function ignore(): void {
  // a start that fails is told by itself
}
