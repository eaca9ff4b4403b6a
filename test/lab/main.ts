import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Argument, Command, Option } from 'commander';

import { buildBinaries } from '../control-plane/binaries.ts';
import { buildAll, createLab, findLab } from './lab.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Lab, Vmhost } from './lab.ts';
import { assertMachine } from './machine.ts';
import { waitUntilReady } from './progress.ts';
import { guests, suites } from './recipes.ts';
import type { Guest, Suite } from './recipes.ts';

interface UpFlags {
  readonly name: string;
  readonly guest: Guest;
  readonly suite: Suite;
  readonly vmhosts: string;
  readonly controlPlane: boolean;
  readonly manifests?: string;
  readonly apply: boolean;
  readonly timeout: string;
}

const top = join(import.meta.dirname, '../..');

function report(line: string): void {
  console.log(`[${Math.round(performance.now() / 1000)} s] ${line}`);
}

function defaultManifests(): string {
  return (
    ['manifests/lab', 'manifests/tutorial'].map((path) => join(top, path)).find((path) => existsSync(path)) ??
    top
  );
}

/** Ctrl-C and TERM end what is being built or booted; a second one ends us at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => controller.abort(new Error(`interrupted (${name})`)));
  }
  return controller.signal;
}

/** Labs wait for the mirror most of the time, the control plane for the compiler. */
async function buildEverything(): Promise<void> {
  const signal = abortOnSignals();
  const built = await Promise.allSettled([buildAll({ report, signal }), buildBinaries({ report, signal })]);
  for (const each of built) if (each.status === 'rejected') throw each.reason;
}

function labOf(flags: { name: string }): Lab {
  return findLab({ name: flags.name, report });
}

interface VmhostFlags {
  readonly name: string;
  readonly vmhost: string;
}

function vmhostOf(flags: VmhostFlags): Vmhost {
  const lab = labOf(flags);
  return flags.vmhost === 'control' ? controlOf(lab).machine : lab.vmhost(Number(flags.vmhost));
}

function controlOf(lab: Lab): ControlPlane {
  if (lab.controlPlane === undefined) throw new Error(`the lab "${lab.name}" has no control plane`);
  return lab.controlPlane;
}

async function up(flags: UpFlags): Promise<number> {
  const signal = abortOnSignals();
  const { name, guest, suite, controlPlane } = flags;
  const manifests = flags.manifests ?? defaultManifests();
  const lab = createLab({
    ...{ name, guest, suite, controlPlane, report, signal },
    vmhosts: Number(flags.vmhosts),
    ...(flags.apply && !controlPlane ? { manifests } : {}),
  });
  try {
    await lab.up();
    if (!flags.apply) {
      const names = lab.vmhosts.map(({ hostname }) => hostname).join(', ');
      report(`${names} up; k8slabd is installed and not started`);
      return 0;
    }
    await lab.controlPlane?.mustKubectl(['apply', '-f', manifests]);
    report('starting k8slabd');
    const daemons = controlPlane ? lab.vmhosts : [lab.vmhost(1)];
    for (const vmhost of daemons) await vmhost.exec(['systemctl', 'start', 'k8slabd.service']);
    const timeoutMs = Number(flags.timeout) * 1000;
    if (await waitUntilReady(lab, { timeoutMs, report, signal })) {
      report('every object is Ready');
      return await lab.attach(['k8slab', 'get', 'all']);
    }
  } catch (error) {
    if (signal.aborted) await lab.down();
    throw error;
  }
  await dump(lab);
  return 1;
}

async function dump(lab: Lab): Promise<void> {
  report('not every object is Ready; k8slabd says:');
  await lab.attach(['journalctl', '--no-pager', '-u', 'k8slabd.service', '-n', '40', '-o', 'cat']);
  for (const words of ['k8slab get all', 'virsh list --all']) await lab.attach(words.split(' '));
  report(`the lab is still up: npm run lab -- shell, and npm run lab -- down to end it`);
}

async function status(lab: Lab): Promise<number> {
  const about = lab.describe();
  if (about === undefined) {
    console.log(`the lab "${lab.name}" is not up`);
    return 3;
  }
  console.log(`the lab "${lab.name}" is up (${about.suite}, guest ${about.guest}, since ${about.since})`);
  let code = (await lab.controlPlane?.attachKubectl(['get', 'k8slab'])) ?? 0;
  for (const vmhost of lab.vmhosts) {
    if (lab.vmhosts.length > 1) console.log(`\n${vmhost.hostname}${vmhost.isUp() ? '' : ' is off'}`);
    code = Math.max(code, vmhost.isUp() ? await show(vmhost) : 3);
  }
  return code;
}

async function show(vmhost: Vmhost): Promise<number> {
  await vmhost.attach(['k8slab', 'get', 'all']);
  return vmhost.attach(['virsh', 'list', '--all']);
}

function parseArguments(done: (code: number) => void): Command {
  const program = new Command('lab').description(
    'Vmhosts in containers, with real systemd, libvirtd, dnsmasq and QEMU guests, in network namespaces of their own.',
  );
  const nameOption = new Option('--name <name>', 'which lab, of several').default('default');
  const vmhostOption = new Option(
    '--vmhost <number>',
    'which vmhost, of several, or control: the control plane',
  ).default('1');
  program.enablePositionalOptions().addHelpText(
    'after',
    `
Environment:
  K8SLAB_LAB_CACHE  what is built and the guests' disks (default /var/cache/k8slab-lab, about 2 GB)
  K8SLAB_LAB_RUN    what runs (default /run/k8slab-lab)

Examples:
  npm run lab -- up
  npm run lab -- exec -- virsh net-dumpxml k8s-net
  npm run lab -- up --vmhosts 3 --control-plane
  npm run lab -- kubectl -- get k8slab
  npm run lab -- exec --vmhost 2 -- k8slab get all
  npm run lab -- power --vmhost 2 off
  npm run lab -- down`,
  );
  program
    .command('up')
    .description(
      'build what lacks, boot the vmhosts, install k8slab, apply manifests and wait until every object is Ready',
    )
    .addOption(nameOption)
    .addOption(
      new Option('--guest <guest>', 'what /srv/images/guest.qcow2 is').choices(guests).default('tiny'),
    )
    .addOption(new Option('--suite <suite>', "the vmhost's Debian").choices(suites).default('bookworm'))
    .option('--vmhosts <count>', 'how many, on a link of their own', '1')
    .option('--control-plane', 'a Kubernetes API server on that link, which each has a kubeconfig for', false)
    .option(
      '--manifests <dir>',
      'manifests for the API server, or /etc/k8slab.d of the first vmhost (default: manifests/lab)',
    )
    .option('--no-apply', 'boot and install only: no manifests, k8slabd not started')
    .option('--timeout <seconds>', 'how long the objects may take', '900')
    .action(async (flags: UpFlags) => done(await up(flags)));
  program
    .command('build')
    .description('build all that lacks, for every suite and guest, and a control plane; boot nothing')
    .action(buildEverything);
  program
    .command('exec')
    .description('run a command in a vmhost: exec -- CMD…; exits with its code')
    .addOption(nameOption)
    .addOption(vmhostOption)
    .argument('<cmd...>')
    .passThroughOptions()
    .action(async (argv: string[], flags: VmhostFlags) => done(await vmhostOf(flags).attach(argv)));
  program
    .command('shell')
    .description('a root shell in a vmhost')
    .addOption(nameOption)
    .addOption(vmhostOption)
    .action(async (flags: VmhostFlags) => done(await vmhostOf(flags).attach(['bash', '-l'])));
  program
    .command('status')
    .description('what runs; exits 3 if the lab is not up')
    .addOption(nameOption)
    .action(async (flags: { name: string }) => done(await status(labOf(flags))));
  program
    .command('logs')
    .description("k8slabd's journal")
    .addOption(nameOption)
    .addOption(vmhostOption)
    .option('-f, --follow', 'go on printing')
    .action(async (flags: VmhostFlags & { follow?: true }) => {
      const rest = flags.follow ? ['-f'] : ['--no-pager'];
      done(await vmhostOf(flags).attach(['journalctl', '-u', 'k8slabd.service', '-o', 'cat', ...rest]));
    });
  program
    .command('power')
    .description('end all that runs in a vmhost at once, or boot it again')
    .addOption(nameOption)
    .addOption(vmhostOption)
    .addArgument(new Argument('<state>').choices(['off', 'on']))
    .action((state: string, flags: VmhostFlags) => {
      const vmhost = vmhostOf(flags);
      return state === 'off' ? vmhost.kill() : vmhost.boot();
    });
  program
    .command('link')
    .description('pull or plug the cable between a vmhost and the others; a boot plugs it')
    .addOption(nameOption)
    .addOption(vmhostOption)
    .addArgument(new Argument('<state>').choices(['down', 'up']))
    .action((state: 'down' | 'up', flags: VmhostFlags) => labOf(flags).setCable(vmhostOf(flags), state));
  program
    .command('kubectl')
    .description('kubectl of the control plane, with all rights: kubectl -- ARGS…')
    .addOption(nameOption)
    .argument('<args...>')
    .passThroughOptions()
    .action(async (argv: string[], flags: { name: string }) =>
      done(await controlOf(labOf(flags)).attachKubectl(argv)),
    );
  program
    .command('apiserver')
    .description('stop the API server, or start it and wait until it is ready')
    .addOption(nameOption)
    .addArgument(new Argument('<state>').choices(['stop', 'start']))
    .action((state: 'stop' | 'start', flags: { name: string }) => controlOf(labOf(flags))[state]());
  program
    .command('install')
    .description(
      "install this checkout's package anew into the running vmhosts; a k8slabd that runs is restarted",
    )
    .addOption(nameOption)
    .action(async (flags: { name: string }) => labOf(flags).install());
  program
    .command('down')
    .description('end the guests and the vmhosts and remove every trace of them; what was built stays')
    .addOption(nameOption)
    .action(async (flags: { name: string }) => {
      assertMachine();
      await labOf(flags).down();
    });
  return program;
}

try {
  await parseArguments((code) => (process.exitCode = code)).parseAsync();
} catch (error) {
  console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
