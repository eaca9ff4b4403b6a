import { type Command, Option } from 'commander';

const NOTES = `
Looks at programs, libvirt, KVM (with a small guest of its own, for five seconds at most), the uplink, forwarding, addresses,
memory, disk, names, rights and images, and says how to mend what is wrong. It changes nothing. UNKNOWN is what could not be seen.

Examples:
  k8slab doctor                     with the manifests of /etc/k8slab.d
  k8slab doctor -f ./first-lab      with others, before they are dropped there
  k8slab doctor --online -o json

Exit codes: 0 nothing failed, 1 something did`;

interface DoctorFlags {
  readonly filename?: string[];
  readonly online?: boolean;
  readonly output?: 'json';
}

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'Look at this vmhost, before anything is made: what is missing, and how to mend it; needs no daemon',
    )
    .option('-f, --filename <PATHS...>', 'manifests to hold it against, files or directories')
    .option('--online', 'ask the servers of images whether they have them')
    .addOption(new Option('-o, --output <FORMAT>', 'how to print it').choices(['json']))
    .addHelpText('after', NOTES)
    .action(async ({ filename = [], online = false, output }: DoctorFlags) => {
      const { doctorExitCode, examine, printChecks } = await import('../../src/cli/doctor/doctor.ts');
      const { brushFor } = await import('../../src/cli/color.ts');
      const { openVmhost } = await import('../open-vmhost.ts');
      const { look, libvirt } = await openVmhost();
      const checks = examine(await look({ paths: filename, online }).finally(() => libvirt.dispose()));
      const text =
        output === 'json' ? `${JSON.stringify({ checks }, null, 2)}\n` : printChecks(checks, brushFor());
      process.stdout.write(text);
      process.exitCode = doctorExitCode(checks);
    });
}
