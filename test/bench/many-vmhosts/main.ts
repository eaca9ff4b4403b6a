import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureLedger } from './ledger.ts';
import { measureRound } from './rounds.ts';
import { measureSize, type Figures } from './size.ts';
import { formatFigures, formatGrowth } from './table.ts';

const USAGE = `usage: npm run bench:vmhosts -- [--vmhosts 5,10,25,50] [--nodes 40] [--rest 60] [--tries 60] [--wave 400] [--json FILE]
  --vmhosts LIST  how many vmhosts, one column each
  --nodes N       how many Nodes of each
  --rest SECONDS  for how long it is looked at rest
  --tries N       how many Nodes of each sort are added one at a time
  --wave N        how many Nodes are asked for at once at first; more when these are Ready
  --json FILE     all that was measured`;

/** Vmhosts and Nodes. */
const ROUNDS = [
  [50, 2_000],
  [100, 10_000],
  [200, 20_000],
] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      vmhosts: { type: 'string', default: '5,10,25,50' },
      nodes: { type: 'string', default: '40' },
      rest: { type: 'string', default: '60' },
      tries: { type: 'string', default: '60' },
      wave: { type: 'string', default: '400' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const sizes = values.vmhosts.split(',').map(Number);
  const numbers = [values.nodes, values.rest, values.tries, values.wave].map(Number);
  const [nodes = NaN, restSeconds = NaN, tries = NaN, wave = NaN] = numbers;
  const isUsable = [...sizes, ...numbers].every((each) => Number.isInteger(each) && each > 0);
  if (values.help || !isUsable || Math.min(...sizes) < 2) {
    console.log(USAGE);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const figures: Figures[] = [];
  for (const vmhosts of sizes) {
    figures.push(await measureSize({ vmhosts, nodes, restSeconds, tries, wave, report }));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(figures, null, 1));
  }
  report('one Network with many Nodes');
  const rounds = ROUNDS.map(([vmhosts, count]) => measureRound(vmhosts, count));
  const writes = await measureLedger(ROUNDS.map(([, count]) => count));
  console.log(`\n${formatFigures(figures)}\n\n${formatGrowth(rounds, writes)}`);
}

function report(line: string): void {
  console.error(`[${Math.round(performance.now() / 1000)} s] ${line}`);
}

await main();
