import { type Command, Option } from 'commander';
import type { Client } from '../../src/cli/client.ts';
import type { SortBy } from '../../src/cli/top.ts';

interface TopFlags {
  readonly sortBy: SortBy;
  readonly headers: boolean;
}

export function addTop(program: Command, client: () => Client): void {
  program
    .command('top')
    .description('Show what the guests and the vmhost use of CPU and memory now')
    .argument('[NODES...]', 'only these; all of them when nothing is given')
    .addOption(
      new Option('--sort-by <FIELD>', 'the most first').choices(['name', 'cpu', 'memory']).default('name'),
    )
    .option('--no-headers', 'leave out the header line')
    .addHelpText(
      'after',
      `
CPU is that of the last second, in thousandths of a CPU and of what the guest has. MEMORY is what the guest takes of the
vmhost, and how much that is of what it has. The last line is the vmhost, with all that runs on it.
Examples:
  k8slab top
  k8slab top --sort-by memory
  k8slab top master00 master01`,
    )
    .action(async (words: string[], flags: TopFlags) => {
      const { nodeName } = await import('../../src/cli/guest.ts');
      const top = await import('../../src/cli/top.ts');
      const { alignColumns } = await import('../../src/cli/print-table.ts');
      const { openVirsh } = await import('../libvirt.ts');
      const { items } = (await client().get('nodes')) as { items: readonly { metadata: { name: string } }[] };
      const all = items.map(({ metadata }) => metadata.name);
      // `kubectl top nodes` is what the fingers know.
      const named = /^(nodes?|kn)$/.test(words[0] ?? '') ? words.slice(1) : words;
      const names = top.chosenNodes(all, named.map(nodeName));
      const virsh = await openVirsh();
      try {
        const before = await top.sampleUsage(virsh, () => performance.now());
        await new Promise((resolve) => setTimeout(resolve, top.SAMPLE_MS));
        const after = await top.sampleUsage(virsh, () => performance.now());
        const rows = top.sortRows(top.topRows(before, after, names), flags.sortBy);
        const whole = named.length === 0 ? [top.vmhostRow(before, after)] : [];
        process.stdout.write(alignColumns(top.topTable([...rows, ...whole], flags.headers)));
      } finally {
        await virsh.dispose();
      }
    });
}
