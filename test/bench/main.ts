import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from './bench.ts';
import type { Bench } from './bench.ts';
import { virshBench } from './virsh.ts';

const BENCHES: readonly Bench[] = [virshBench];

const USAGE = `usage: npm run bench -- [--uri URI] [NAME...]
  --uri URI  ask this libvirt, such as qemu:///system; without it libvirt's own test driver
  NAME       only these benches: ${BENCHES.map(({ name }) => name).join(', ')}`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { uri: { type: 'string' }, help: { type: 'boolean' } },
  });
  const chosen = BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  if (values.help === true || chosen.length === 0) {
    console.log(USAGE);
    return;
  }
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-bench-'));
  try {
    for (const bench of chosen) {
      const tables = await bench.run({
        uri: values.uri,
        dir,
        progress: (what) => console.error(`# ${what}`),
      });
      console.log(
        `\n${bench.name} (${values.uri ?? 'test driver'})\n\n${tables.map(formatTable).join('\n\n')}`,
      );
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

await main();
