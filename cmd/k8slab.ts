import { Command, Option } from 'commander';
import { explainError } from '../src/api/errors.ts';
import { version } from '../src/api/version.ts';
import { createClient, DEFAULT_SOCKET, type Client } from '../src/cli/client.ts';
import type { GetFlags } from '../src/cli/get.ts';
import { OUTPUTS } from '../src/cli/outputs.ts';
import type { Libvirt } from '../src/drivers/libvirt.ts';
import { useCompileCache } from './compile-cache.ts';

useCompileCache(import.meta.dirname);

// Each command loads what it needs when it runs: `version` and tab completion take little longer than Node itself.
const program = new Command('k8slab')
  .description('Looks at what k8slabd does, and checks manifests')
  .version(version, '-V, --version')
  .addOption(
    new Option('--socket <PATH>', "the daemon's socket").default(DEFAULT_SOCKET).env('K8SLAB_SOCKET'),
  )
  .showHelpAfterError('(see k8slab --help)')
  .exitOverride();

function client(): Client {
  return createClient(program.opts<{ socket: string }>().socket);
}

program
  .command('get')
  .description('Show objects: all of them, those of a kind, or those named')
  .argument('[TYPE]', 'network, image, node, loadbalancer, host; TYPE/NAME and TYPE1,TYPE2 work too')
  .argument('[NAMES...]')
  .addOption(new Option('-o, --output <FORMAT>', 'how to print them').choices(OUTPUTS))
  .option('--no-headers', 'leave out the header line')
  .option('--ignore-not-found', 'exit with 0 when a named object does not exist')
  .usage('[options] [TYPE [NAME...]]')
  .addHelpText(
    'after',
    '\nExamples:\n  k8slab get\n  k8slab get nodes -o wide\n  k8slab get node/master00 -o yaml',
  )
  .action(async (type: string | undefined, names: string[], flags: GetFlags) => {
    const { get } = await import('../src/cli/get.ts');
    const text = await get(client(), type === undefined ? [] : [type, ...names], flags);
    if (text === '') process.stderr.write('No resources found\n');
    process.stdout.write(text);
  });

program
  .command('plan')
  .description('Show what the daemon would do, what each step costs the guests, and why')
  .argument('[PATHS...]', 'plan for these manifests instead of those the daemon watches')
  .addOption(new Option('-o, --output <FORMAT>', 'how to print it').choices(['json']))
  .addHelpText('after', '\nExit codes: 0 nothing to do, 2 changes, 1 error')
  .action(async (paths: string[], flags: { output?: 'json' }) => {
    const { fetchPlan, planExitCode, printPlan } = await import('../src/cli/plan.ts');
    const answer = await fetchPlan(client(), paths);
    process.stdout.write(
      flags.output === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : printPlan(answer),
    );
    process.exitCode = planExitCode(answer);
  });

program
  .command('confirm-removal')
  .description('Let removals go on that are held because too many objects lost their manifests at once')
  .argument('[NAMES...]', 'TYPE/NAME of objects that are held; all of them when left out, after asking')
  .option('--all', 'everything that is held, without asking')
  .addHelpText(
    'after',
    '\nExamples:\n  k8slab confirm-removal\n  k8slab confirm-removal node/worker00 node/worker01',
  )
  .action(async (names: string[], flags: { all?: boolean }) => {
    const { confirmRemoval } = await import('../src/cli/confirm-removal.ts');
    const { stdin: input, stderr: output } = process;
    const terminal = input.isTTY && output.isTTY ? { terminal: { input, output } } : {};
    process.stdout.write(await confirmRemoval(client(), names, { ...flags, ...terminal }));
  });

program
  .command('validate')
  .description('Check manifests, each and all together; needs no daemon')
  .argument('<PATHS...>', 'files, directories, or - for standard input')
  .option('-q, --quiet', 'print errors and warnings only')
  .option('--strict', 'a reference to what is in none of the files is an error')
  .action(async (paths: string[], flags: { quiet?: boolean; strict?: boolean }) => {
    const { validate } = await import('../src/cli/validate.ts');
    const { errors, warnings, valid } = await validate(paths);
    for (const error of errors) process.stderr.write(`${error}\n`);
    const word = flags.strict === true ? '' : 'warning: ';
    for (const warning of warnings) process.stderr.write(`${word}${warning}\n`);
    if (flags.quiet !== true) for (const line of valid) process.stdout.write(`${line}\n`);
    if (errors.length > 0 || (flags.strict === true && warnings.length > 0)) process.exitCode = 1;
  });

program
  .command('adopt')
  .description('Write manifests that take over what libvirt has, as it is; changes nothing, needs no daemon')
  .argument('[NAMES...]', "network/NAME, domain/NAME or NAME; all that is not k8slab's when left out")
  .option(
    '-d, --output-dir <DIR>',
    'write a file for each object, never over another; standard output when left out',
  )
  .addOption(new Option('-c, --connect <URI>', "libvirt's URI; that of k8slabd when left out"))
  .addHelpText('after', '\nExamples:\n  k8slab adopt\n  k8slab adopt k8s-net master00 -d /etc/k8slab.d')
  .action(async (names: string[], flags: { outputDir?: string; connect?: string }) => {
    const { adopt, printAdoption, writeAdoption } = await import('../src/cli/adopt.ts');
    const libvirt = await openLibvirt(flags.connect);
    const { files, skipped } = await adopt(libvirt, names).finally(() => libvirt.dispose());
    for (const { what, why } of skipped) process.stderr.write(`k8slab: left out ${what}: ${why}\n`);
    const written = flags.outputDir === undefined ? undefined : await writeAdoption(flags.outputDir, files);
    process.stdout.write(written?.map((path) => `${path}\n`).join('') ?? printAdoption(files));
    if (files.length === 0) process.stderr.write('k8slab: nothing to adopt\n');
    if (names.length > 0 && skipped.length > 0) process.exitCode = 1;
  });

/** Read-only: a connection that could not change anything. */
async function openLibvirt(uri: string | undefined): Promise<Libvirt> {
  const { DEFAULT_CONFIG_PATH } = await import('../src/daemon/config-path.ts');
  const { loadConfig } = await import('../src/daemon/config.ts');
  const { createLibvirt, createVirsh } = await import('../src/drivers/libvirt.ts');
  const config = await loadConfig(DEFAULT_CONFIG_PATH, { mustExist: false });
  const virsh = createVirsh({ uri: uri ?? config.connect, command: ['virsh', '--readonly'] });
  return createLibvirt({ virsh, xmlDir: config.runtime });
}

program
  .command('explain')
  .description('Explain a kind or a field of it')
  .argument('<KIND[.FIELD...]>', 'such as node or node.spec.disk')
  .action(async (path: string) => {
    const { explain } = await import('../src/api/kinds/explain.ts');
    process.stdout.write(explain(path));
  });

program
  .command('update-packages')
  .description("Bring the guests' packages up to date, one guest after the other; stops at the first failure")
  .argument('[NODES...]', 'only these; all of them when nothing is given')
  .option('--role <ROLE>', 'only guests of this role')
  .action(async (nodes: string[], flags: { role?: string }) => {
    const { updatePackages } = await import('../src/cli/update-packages.ts');
    const selection = { ...flags, ...(nodes.length === 0 ? {} : { nodes }) };
    process.exitCode = await updatePackages(client(), selection, (line) => process.stdout.write(`${line}\n`));
  });

program
  .command('version')
  .description('Print the version')
  .action(() => {
    process.stdout.write(`${version}\n`);
  });

program
  .command('completion')
  .description('Print a completion script: source <(k8slab completion bash)')
  .argument('<SHELL>', 'bash, zsh or fish')
  .action(async (shell: string) => {
    const { completionScript } = await import('../src/cli/completion.ts');
    process.stdout.write(completionScript(shell));
  });

program
  .command('__complete', { hidden: true })
  .argument('[WORDS...]')
  .allowUnknownOption()
  .action(async (words: string[]) => {
    const { complete } = await import('../src/cli/completion.ts');
    process.stdout.write((await complete(client(), words)).map((word) => `${word}\n`).join(''));
  });

// Who reads the output has seen enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Commander has already printed what it throws. */
function report(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number')
    return error.exitCode;
  process.stderr.write(`k8slab: ${explainError(error)}\n`);
  return 1;
}
