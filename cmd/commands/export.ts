import type { Command } from 'commander';
import type { Client } from '../../src/cli/client.ts';

export function addExport(program: Command, client: () => Client): void {
  program
    .command('export')
    .description('Write what this vmhost has as manifests that change nothing there, to move it')
    .argument(
      '[DIR]',
      'write a file for each object into this directory, which must have no manifests; standard output when left out',
    )
    .addHelpText(
      'after',
      `
Addresses, MAC addresses and pod networks that Nodes were given are written out, and spec.vmhost names this vmhost. A directory takes
the manifests as an API server does; docs/many-vmhosts-setup.md has the commands.

Examples:
  k8slab export | kubectl apply --server-side -f -  # to an API server
  k8slab export /etc/k8slab.d                       # back to the directory

Exit codes: 0 all of it, 1 an error, or something of it is missing`,
    )
    .action(async (dir: string | undefined) => {
      const { exportRemarks, fetchExport, printExport, writeExport } =
        await import('../../src/cli/export.ts');
      const exported = await fetchExport(client());
      const written = dir === undefined ? undefined : await writeExport(dir, exported);
      process.stdout.write(written?.map((path) => `${path}\n`).join('') ?? printExport(exported));
      for (const remark of exportRemarks(exported)) process.stderr.write(`k8slab: ${remark}\n`);
      if (exported.notes.length > 0) process.exitCode = 1;
    });
}
