import { type Command, Option } from 'commander';
import type { Client } from '../../src/cli/client.ts';

interface VerifyFlags {
  readonly role?: string;
  readonly output?: 'json';
  readonly quiet?: boolean;
}

export function addVerify(program: Command, client: () => Client): void {
  program
    .command('verify')
    .description('Look at the whole lab with fresh eyes: machines, leases, DNS, files, guests, HAProxy')
    .argument('[NODES...]', 'only these; all of them when nothing is given')
    .option('--role <ROLE>', 'only Nodes of this role')
    .option('-q, --quiet', 'only what is not ok')
    .addOption(new Option('-o, --output <FORMAT>', 'how to print it').choices(['json']))
    .addHelpText(
      'after',
      `
What shall be comes from the manifests; what is, from virsh, DNS, ssh and the files themselves, not from k8slabd's conditions.
To be run as root, who has the key to the guests. Changes nothing.
Examples:
  k8slab verify
  k8slab verify --role master -q
  k8slab verify -o json | jq -r '.checks[] | select(.result == "failed") | .object'

Exit codes: 0 nothing failed, 1 something did`,
    )
    .action(async (words: string[], flags: VerifyFlags) => {
      const { brushFor } = await import('../../src/cli/color.ts');
      const { nodeName } = await import('../../src/cli/guest.ts');
      const { fetchObjects, verify } = await import('../../src/cli/verify.ts');
      const { count, printVerified } = await import('../../src/cli/verify/print.ts');
      const { wantedLab } = await import('../../src/cli/verify/wanted.ts');
      const { openWorld } = await import('../../src/cli/verify/world.ts');
      const { readConfig } = await import('../vmhost.ts');
      const { vmhostName } = await import('../../src/daemon/vmhost-name.ts');
      const config = await readConfig();
      const objects = await fetchObjects(client());
      const vmhost = vmhostName(config);
      const wanted = wantedLab(objects, { nodes: words.map(nodeName), role: flags.role, vmhost });
      const { world, dispose } = openWorld(config);
      const verified = await verify(world, wanted).finally(dispose);
      const failed = count(verified.checks, 'failed');
      process.stdout.write(
        flags.output === 'json'
          ? `${JSON.stringify({ ok: failed === 0, ...verified }, null, 2)}\n`
          : printVerified(verified, { quiet: flags.quiet, brush: brushFor() }),
      );
      if (failed > 0) process.exitCode = 1;
    });
}
