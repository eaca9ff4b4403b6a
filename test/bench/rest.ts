import { listAll } from './by-hand.ts';
import { NODE } from './cli.ts';
import { difference, type Samples } from './daemon.ts';
import { median, type Context, type Group, type Row } from './line.ts';
import type { Lab } from '../lab/lab.ts';

/** Two periods of `resyncSeconds`, as it is without a configuration. */
const WINDOW_SECONDS = 120;
/** What the periodic list asks. */
const LIST = new Set(['list', 'domstats', 'net-list']);

export const rest: Group = {
  name: 'rest',
  needs: 'nodes',
  async run(context) {
    const { daemon, lab, nodes, report } = context;
    await daemon.untilQuiet(120_000);
    report(`at rest, for ${WINDOW_SECONDS} s`);
    const [before, used] = [await daemon.metrics(), await daemon.cpuSeconds()];
    const [waking] = await Promise.all([
      cpuOfWaking(lab),
      new Promise((resolve) => setTimeout(resolve, WINDOW_SECONDS * 1000)),
    ]);
    const [after, cpu] = [await daemon.metrics(), await daemon.cpuSeconds()];
    const calls = Object.entries(difference(before.virshCalls(), after.virshCalls()));
    const beside = calls.filter(([op]) => !LIST.has(op));
    const note = beside.map(([op, count]) => `${op} ${count}`).join(', ');
    const work = `at rest, ${nodes} Nodes`;
    return [
      {
        work: `${work}: CPU of k8slabd`,
        k8slab: ((cpu.daemon - used.daemon) / WINDOW_SECONDS) * 100,
        limit: waking,
        unit: '%',
        target: { at: 0.5 },
        note: 'limit: a Node program that wakes once a second for one stat(2)',
      },
      {
        work: `${work}: resident memory`,
        k8slab: await daemon.residentMiB(),
        unit: 'MiB',
        target: { at: 120 },
      },
      { work: `${work}: event loop blocked`, k8slab: blocked(after), target: { at: 0.05 } },
      {
        work: `${work}: virsh calls beside the list`,
        k8slab: sum(beside),
        unit: 'count',
        target: { at: 0 },
        note,
      },
      await pass(context),
      await scrape(context),
      { work: 'series a Node', k8slab: seriesOfANode(after), unit: 'count', target: { at: 12 } },
    ];
  },
};

/** Where waking is dear, as on a virtual machine whose caches others use, no program that looks around is cheap. */
async function cpuOfWaking(lab: Lab): Promise<number> {
  const seconds = 20;
  const script = `const { statSync } = require('node:fs');
setInterval(() => statSync('/run'), 1000);
const began = process.cpuUsage();
setTimeout(() => {
  const { user, system } = process.cpuUsage(began);
  console.log((user + system) / 1e6);
  process.exit();
}, ${seconds * 1000});`;
  return (Number(await lab.must([NODE, '-e', script])) / seconds) * 100;
}

/** What a look at all Nodes costs the daemon, virsh and libvirtd, in CPU: at rest such looks are spread over a quarter of an hour. */
async function pass({ lab, nodes, daemon }: Context): Promise<Row> {
  const [before, used] = [await daemon.metrics(), await daemon.cpuSeconds()];
  await daemon.reload();
  const quiet = await daemon.untilQuiet(120_000);
  const [after, cpu] = [await daemon.metrics(), await daemon.cpuSeconds()];
  const passes = difference(before.passes(), after.passes())['node'] ?? 0;
  const seconds = cpu.daemon + cpu.libvirt - used.daemon - used.libvirt;
  return {
    work: `a pass over all ${nodes} Nodes that changes nothing, in CPU time`,
    k8slab: quiet && passes >= nodes ? (seconds / passes) * nodes : NaN,
    limit: await cpuOfList(lab),
    target: { times: 1.2 },
    note: `${passes} passes of Nodes after a reload`,
  };
}

/** CPU seconds of a virsh session and libvirtd for one list with states, from twenty. */
async function cpuOfList(lab: Lab): Promise<number> {
  const commands = Array.from({ length: 20 }, listAll).flat();
  await lab.writeFile('/tmp/bench.virsh', `${commands.join('\n')}\n`);
  const script = `ticks() { awk '{ sub(/.*\\) /, ""); print $12 + $13 }' /proc/$(pgrep -x libvirtd)/stat; }
begin=$(ticks)
{ TIMEFORMAT='%U %S'; time virsh -q </tmp/bench.virsh >/dev/null; } 2>&1
echo $(( $(ticks) - begin ))`;
  const [user = NaN, system = NaN, libvirt = NaN] = (await lab.must(['bash', '-s'], { input: script }))
    .split(/\s+/)
    .map((word) => Number(word.replace(',', '.')));
  return (user + system + libvirt / 100) / 20;
}

async function scrape({ lab, nodes }: Context): Promise<Row> {
  const seconds: number[] = [];
  for (let run = 0; run < 20; run += 1) {
    const argv = ['curl', '-sf', '-o', '/dev/null', '-w', '%{time_total}', 'http://127.0.0.1:9811/metrics'];
    seconds.push(Number(await lab.must(argv)));
  }
  return { work: `a scrape at ${nodes} Nodes`, k8slab: median(seconds), target: { at: 0.02 } };
}

function seriesOfANode({ text }: Samples): number {
  return text.split('\n').filter((line) => line.includes('name="node0000"')).length;
}

/** The longest time that the event loop was not free since the last scrape. */
function blocked(samples: Samples): number {
  return samples.sum(/^nodejs_eventloop_lag_max_seconds /);
}

function sum(counts: readonly (readonly [string, number])[]): number {
  return counts.reduce((total, [, count]) => total + count, 0);
}
