import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Command, Option } from 'commander';

import { buildAll, createLab } from './lab.ts';
import type { Lab } from './lab.ts';
import { assertMachine } from './machine.ts';
import { waitUntilReady } from './progress.ts';
import { guests, suites } from './recipes.ts';
import type { Guest, Suite } from './recipes.ts';

interface UpFlags {
  readonly name: string;
  readonly guest: Guest;
  readonly suite: Suite;
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

function labOf(flags: { name: string }): Lab {
  return createLab({ name: flags.name, report });
}

async function up(flags: UpFlags): Promise<number> {
  const signal = abortOnSignals();
  const { name, guest, suite } = flags;
  const manifests = flags.apply ? { manifests: flags.manifests ?? defaultManifests() } : {};
  const lab = createLab({ name, guest, suite, ...manifests, report, signal });
  try {
    await lab.up();
    if (!flags.apply) {
      report('the vmhost is up; k8slabd is installed and not started');
      return 0;
    }
    report('starting k8slabd');
    await lab.exec(['systemctl', 'start', 'k8slabd.service']);
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
  if (!lab.isUp()) {
    console.log(`the lab "${lab.name}" is not up`);
    return 3;
  }
  const about = lab.describe();
  console.log(`the lab "${lab.name}" is up (${about?.suite}, guest ${about?.guest}, since ${about?.since})`);
  await lab.attach(['k8slab', 'get', 'all']);
  return lab.attach(['virsh', 'list', '--all']);
}

function parseArguments(done: (code: number) => void): Command {
  const program = new Command('lab').description(
    'A vmhost in a container, with real systemd, libvirtd, dnsmasq and QEMU guests, in its own network namespace.',
  );
  const nameOption = new Option('--name <name>', 'which lab, of several').default('default');
  program.enablePositionalOptions().addHelpText(
    'after',
    `
Environment:
  K8SLAB_LAB_CACHE  what is built and the guests' disks (default /var/cache/k8slab-lab, about 2 GB)
  K8SLAB_LAB_RUN    what runs (default /run/k8slab-lab)

Examples:
  npm run lab -- up
  npm run lab -- exec -- virsh net-dumpxml k8s-net
  npm run lab -- down`,
  );
  program
    .command('up')
    .description(
      'build what lacks, boot the vmhost, install k8slab, apply manifests and wait until every object is Ready',
    )
    .addOption(nameOption)
    .addOption(
      new Option('--guest <guest>', 'what /srv/images/guest.qcow2 is').choices(guests).default('tiny'),
    )
    .addOption(new Option('--suite <suite>', "the vmhost's Debian").choices(suites).default('bookworm'))
    .option('--manifests <dir>', 'manifests for /etc/k8slab.d (default: manifests/lab)')
    .option('--no-apply', 'boot and install only: no manifests, k8slabd not started')
    .option('--timeout <seconds>', 'how long the objects may take', '900')
    .action(async (flags: UpFlags) => done(await up(flags)));
  program
    .command('build')
    .description('build all that lacks, for every suite and guest, and boot nothing')
    .action(async () => buildAll({ report, signal: abortOnSignals() }));
  program
    .command('exec')
    .description('run a command in the vmhost: exec -- CMD…; exits with its code')
    .addOption(nameOption)
    .argument('<cmd...>')
    .passThroughOptions()
    .action(async (argv: string[], flags: { name: string }) => done(await labOf(flags).attach(argv)));
  program
    .command('shell')
    .description('a root shell in the vmhost')
    .addOption(nameOption)
    .action(async (flags: { name: string }) => done(await labOf(flags).attach(['bash', '-l'])));
  program
    .command('status')
    .description('what runs; exits 3 if the lab is not up')
    .addOption(nameOption)
    .action(async (flags: { name: string }) => done(await status(labOf(flags))));
  program
    .command('logs')
    .description("k8slabd's journal")
    .addOption(nameOption)
    .option('-f, --follow', 'go on printing')
    .action(async (flags: { name: string; follow?: true }) => {
      const rest = flags.follow ? ['-f'] : ['--no-pager'];
      done(await labOf(flags).attach(['journalctl', '-u', 'k8slabd.service', '-o', 'cat', ...rest]));
    });
  program
    .command('install')
    .description(
      "install this checkout's package anew into the running vmhost; a k8slabd that runs is restarted",
    )
    .addOption(nameOption)
    .action(async (flags: { name: string }) => labOf(flags).install());
  program
    .command('down')
    .description('end the guests and the vmhost and remove every trace of them; what was built stays')
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
