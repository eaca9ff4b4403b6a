import { Command, Option } from 'commander';
import { version } from '../src/api/version.ts';
import { createClient, DEFAULT_SOCKET, type WatchingClient } from '../src/cli/client.ts';
import { addAdopt } from './commands/adopt.ts';
import { addApiResources } from './commands/api-resources.ts';
import { addComplete } from './commands/complete.ts';
import { addCompletion } from './commands/completion.ts';
import { addConsole } from './commands/console.ts';
import { addConfirmRemoval } from './commands/confirm-removal.ts';
import { addCordon } from './commands/cordon.ts';
import { addCrds } from './commands/crds.ts';
import { addDiagnose } from './commands/diagnose.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDescribe } from './commands/describe.ts';
import { addEvents } from './commands/events.ts';
import { addExplain } from './commands/explain.ts';
import { addExport } from './commands/export.ts';
import { addGet } from './commands/get.ts';
import { addKubeconfig } from './commands/kubeconfig.ts';
import { addInit } from './commands/init.ts';
import { addLogs } from './commands/logs.ts';
import { addPlan } from './commands/plan.ts';
import { addPower } from './commands/power.ts';
import { addSsh } from './commands/ssh.ts';
import { addTop } from './commands/top.ts';
import { addUpdatePackages } from './commands/update-packages.ts';
import { addValidate } from './commands/validate.ts';
import { addVerify } from './commands/verify.ts';
import { addVersion } from './commands/version.ts';
import { addWait } from './commands/wait.ts';

/**
 * All that `k8slab` can do. Each command loads what it needs when it runs: `version` and tab completion take little
 * longer than Node itself.
 */
export function createProgram(): Command {
  const program = new Command('k8slab')
    .description('Looks at the lab that k8slabd keeps, works with its guests, and checks manifests')
    .version(version, '-V, --version')
    .addOption(
      new Option('--socket <PATH>', "the daemon's socket").default(DEFAULT_SOCKET).env('K8SLAB_SOCKET'),
    )
    .showHelpAfterError('(see k8slab --help)')
    .exitOverride();
  const client = (): WatchingClient => createClient(program.opts<{ socket: string }>().socket);
  addGet(program, client);
  addDescribe(program, client);
  addEvents(program, client);
  addWait(program, client);
  addPlan(program, client);
  addConfirmRemoval(program, client);
  addCordon(program, client);
  addValidate(program);
  addAdopt(program);
  addExport(program, client);
  addInit(program);
  addDoctor(program);
  addDiagnose(program);
  addExplain(program);
  addCrds(program);
  addApiResources(program, client);
  addPower(program, client);
  addSsh(program, client);
  addConsole(program);
  addLogs(program, client);
  addTop(program, client);
  addUpdatePackages(program, client);
  addVerify(program, client);
  addKubeconfig(program, client);
  addVersion(program, client);
  addCompletion(program);
  addComplete(program);
  return program;
}
