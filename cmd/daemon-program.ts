import { Command } from 'commander';
import { version } from '../src/api/version.ts';
import { DEFAULT_CONFIG_PATH } from '../src/daemon/config-path.ts';
import { parseSeconds } from './commands/options.ts';
import type { RunFlags } from '../src/daemon/run.ts';

/** What `k8slabd` takes. The daemon itself is loaded when it runs. */
export function createDaemonProgram(): Command {
  return new Command('k8slabd')
    .description('Keeps libvirt networks and guests equal to the manifests in /etc/k8slab.d')
    .version(version)
    .option('-c, --config <FILE>', `configuration (default: ${DEFAULT_CONFIG_PATH}, if it exists)`)
    .option('--manifests <DIR>', "directory of manifests, instead of the configuration's")
    .option('--log-level <LEVEL>', "debug, info, warn or error, instead of the configuration's")
    .option(
      '--once',
      'work until every object is Ready, then exit with 0; exit with 1 if that takes too long',
    )
    .option('--timeout <SECONDS>', 'how long --once may take', parseSeconds, 600)
    .action(async (flags: RunFlags) => {
      const { runDaemon } = await import('../src/daemon/run.ts');
      process.exitCode = await runDaemon(flags);
    });
}
