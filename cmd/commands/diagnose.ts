import type { Command } from 'commander';

const NOTES = `
In it are versions, what doctor says, configuration, manifests, plan, conditions, events and metrics, libvirt's XML and dnsmasq's
files of what is k8slab's, leases, and the journals of k8slabd and libvirt. Passwords and their hashes, tokens, private keys,
credentials in URLs and all that cloud-init gets are left out. What could not be had is named in its README.

Examples:
  k8slab diagnose
  k8slab diagnose -o /tmp/report.tar.gz`;

export function addDiagnose(program: Command): void {
  program
    .command('diagnose')
    .description('Collect what a report of a fault needs into an archive, without secrets; best run as root')
    .option('-o, --output <FILE>', 'the new archive (default: k8slab-diagnose-TIME.tar.gz)')
    .addHelpText('after', NOTES)
    .action(async (flags: { output?: string }) => {
      const { diagnoseVmhost } = await import('../diagnose-vmhost.ts');
      const { path, files, missing } = await diagnoseVmhost(
        program.opts<{ socket: string }>().socket,
        flags.output,
      );
      for (const line of missing) process.stderr.write(`k8slab: left out ${line}\n`);
      process.stderr.write(
        `k8slab: ${files} files, readable by you alone; look them through before you hand them on\n`,
      );
      process.stdout.write(`${path}\n`);
    });
}
