import { type Command, Option } from 'commander';

export function addConsole(program: Command): void {
  program
    .command('console')
    .description("Open a guest's serial console, which works without network and ssh; Ctrl+] leaves it")
    .argument('<NODE>')
    .option('--force', 'end another session on the same console')
    .addOption(new Option('-c, --connect <URI>', "libvirt's URI; that of k8slabd when left out"))
    .addHelpText(
      'after',
      `
It is "virsh console": press Enter to see a prompt, and Ctrl+] to leave.
What was printed before: k8slab logs NODE
Example:
  k8slab console master00

Exit code: that of virsh`,
    )
    .action(async (word: string, flags: { force?: boolean; connect?: string }) => {
      const { nodeName } = await import('../../src/cli/guest.ts');
      const { runForeground } = await import('../../src/drivers/exec.ts');
      const { readConfig } = await import('../vmhost.ts');
      const uri = flags.connect ?? (await readConfig()).connect;
      const node = nodeName(word);
      process.stderr.write(`k8slab: console of ${node}; Enter shows a prompt, Ctrl+] leaves\n`);
      const force = flags.force === true ? ['--force'] : [];
      process.exitCode = await runForeground(['virsh', '-c', uri, 'console', ...force, '--', node]);
    });
}
