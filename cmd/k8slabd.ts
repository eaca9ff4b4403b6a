import { Command, InvalidArgumentError } from 'commander';
import { explainError, reasonOf } from '../src/api/errors.ts';
import { version } from '../src/api/version.ts';
import { DEFAULT_CONFIG_PATH } from '../src/daemon/config-path.ts';
import type { RunFlags } from '../src/daemon/run.ts';
import { useCompileCache } from './compile-cache.ts';

useCompileCache(import.meta.dirname);

/** sysexits.h: what a restart does not mend. The unit does not try. */
const EX_CONFIG = 78;
const CONFIG_REASONS: ReadonlySet<string> = new Set(['InvalidConfig', 'NotTrusted']);

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a number of seconds');
  return value;
}

const program = new Command('k8slabd')
  .description('Keeps libvirt networks and guests equal to the manifests in /etc/k8slab.d')
  .version(version)
  .option('-c, --config <FILE>', `configuration (default: ${DEFAULT_CONFIG_PATH}, if it exists)`)
  .option('--manifests <DIR>', "directory of manifests, instead of the configuration's")
  .option('--log-level <LEVEL>', "debug, info, warn or error, instead of the configuration's")
  .option('--once', 'work until every object is Ready, then exit with 0; exit with 1 if that takes too long')
  .option('--timeout <SECONDS>', 'how long --once may take', seconds, 600)
  .action(async (flags: RunFlags) => {
    const { runDaemon } = await import('../src/daemon/run.ts');
    process.exitCode = await runDaemon(flags);
  });

try {
  await program.parseAsync();
} catch (error) {
  // As the journal wants it: an error, whatever else the unit writes.
  const priority = process.env['JOURNAL_STREAM'] === undefined ? '' : '<3>';
  process.stderr.write(`${priority}k8slabd: ${explainError(error)}\n`);
  process.exitCode = CONFIG_REASONS.has(reasonOf(error)) ? EX_CONFIG : 1;
}
