import { parseArgs } from 'node:util';
import { createLab } from '../lab/lab.ts';
import { changes } from './changes.ts';
import { cli } from './cli.ts';
import { daemonOf } from './daemon.ts';
import { define } from './define.ts';
import type { Group, Row } from './line.ts';
import { hang } from './hang.ts';
import { plan } from './plan.ts';
import { formatReport, writeReport } from './report.ts';
import { rest } from './rest.ts';
import { start } from './start.ts';

/** In the order in which they are measured: `define` makes what those after it look at. */
const GROUPS: readonly Group[] = [plan, hang, define, start, changes, cli, rest];

const USAGE = `usage: npm run bench -- [--nodes N] [--write] [NAME...]
  --nodes N  how many Nodes (default 1000)
  --write    put the table into docs/performance.md
  NAME       only these: ${GROUPS.map(({ name }) => name).join(', ')}`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      nodes: { type: 'string', default: '1000' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const nodes = Number(values.nodes);
  const unknown = positionals.filter((name) => !GROUPS.some((group) => group.name === name));
  if (values.help || !(Number.isInteger(nodes) && nodes >= 40) || unknown.length > 0) {
    console.log(nodes < 40 ? `${USAGE}\n--nodes must be at least 40` : USAGE);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const chosen = GROUPS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const command = ['npm run bench --', ...process.argv.slice(2).filter((word) => word !== '--write')].join(
    ' ',
  );
  const text = formatReport(await measure(chosen, nodes), command.replace(/ --$/, ''));
  console.log(`\n${text}`);
  if (values.write) writeReport(text);
}

async function measure(chosen: readonly Group[], nodes: number): Promise<Row[]> {
  const lab = createLab({ name: 'bench', dieWithParent: true, report });
  const context = { nodes, lab, daemon: daemonOf(lab), report };
  // Lines of one run share a lab; those that look at Nodes need them to be made.
  const groups = chosen.some(({ needs }) => needs === 'nodes') ? withDefine(chosen) : chosen;
  const rows: Row[] = [];
  try {
    if (groups.some(({ needs }) => needs !== 'nothing')) await lab.up();
    for (const group of groups) rows.push(...(await runGroup(group, context)));
  } finally {
    await lab.down();
  }
  return rows;
}

function withDefine(chosen: readonly Group[]): Group[] {
  return GROUPS.filter((group) => chosen.includes(group) || group === define);
}

/** A line that cannot be measured is told, and the others go on. */
async function runGroup(group: Group, context: Parameters<Group['run']>[0]): Promise<Row[]> {
  report(`measuring: ${group.name}`);
  try {
    return await group.run(context);
  } catch (error) {
    const note = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return [{ work: group.name, k8slab: NaN, target: { at: 0 }, note }];
  }
}

function report(line: string): void {
  console.error(`[${Math.round(performance.now() / 1000)} s] ${line}`);
}

await main();
