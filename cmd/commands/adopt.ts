import { type Command, Option } from 'commander';

export function addAdopt(program: Command): void {
  program
    .command('adopt')
    .description(
      'Write manifests that take over what libvirt has, as it is; changes nothing, needs no daemon',
    )
    .argument('[NAMES...]', "network/NAME, domain/NAME or NAME; all that is not k8slab's when left out")
    .option(
      '-d, --output-dir <DIR>',
      'write a file for each object, never over another; standard output when left out',
    )
    .addOption(new Option('-c, --connect <URI>', "libvirt's URI; that of k8slabd when left out"))
    .addHelpText('after', '\nExamples:\n  k8slab adopt\n  k8slab adopt k8s-net master00 -d /etc/k8slab.d')
    .action(async (names: string[], flags: { outputDir?: string; connect?: string }) => {
      const { adopt, printAdoption } = await import('../../src/cli/adopt.ts');
      const { writeNewFiles } = await import('../../src/cli/write-new-files.ts');
      const { openLibvirt } = await import('../libvirt.ts');
      const libvirt = await openLibvirt(flags.connect);
      const { files, skipped } = await adopt(libvirt, names).finally(() => libvirt.dispose());
      for (const { what, why } of skipped) process.stderr.write(`k8slab: left out ${what}: ${why}\n`);
      const written = flags.outputDir === undefined ? undefined : await writeNewFiles(flags.outputDir, files);
      process.stdout.write(written?.map((path) => `${path}\n`).join('') ?? printAdoption(files));
      if (files.length === 0) process.stderr.write('k8slab: nothing to adopt\n');
      if (names.length > 0 && skipped.length > 0) process.exitCode = 1;
    });
}
