import { difference, type Change } from './daemon.ts';
import { nodeManifest, nodeName } from './manifests.ts';
import { quantile, type Context, type Group, type Row } from './line.ts';

const EDITS = 30;
/** How long a file must be quiet before it is read: src/drivers/manifest-dir.ts. */
const DEBOUNCE_SECONDS = 0.2;
const SETTLE_MS = 30_000;

/** An edit, an addition and a drift among all Nodes. */
export const changes: Group = {
  name: 'changes',
  needs: 'nodes',
  async run(context) {
    await context.daemon.untilQuiet(120_000);
    const rows = [...(await edit(context)), ...(await add(context)), await drift(context)];
    return rows;
  },
};

async function edit(context: Context): Promise<Row[]> {
  const { lab, nodes, daemon, report } = context;
  report(`${EDITS} edits`);
  const before = (await daemon.metrics()).passes();
  const waits: number[] = [];
  for (let index = 0; index < EDITS; index += 1) {
    const began = await daemon.now();
    await lab.writeFile(`/etc/k8slab.d/${nodeName(index)}.yaml`, nodeManifest(index, '80Mi'));
    const change = await firstChange(context, began);
    waits.push(change === undefined ? NaN : change.began - began - DEBOUNCE_SECONDS);
  }
  await daemon.untilQuiet(SETTLE_MS);
  const passes = difference(before, (await daemon.metrics()).passes());
  const all = Object.values(passes).reduce((sum, count) => sum + count, 0);
  const note = `median ${Math.round(quantile(waits, 0.5) * 1000)} ms; the vmhost's clock is read 10 ms before the file is written`;
  return [
    {
      work: `one edit among ${nodes} Nodes: from the debounce to the first libvirt call, p99`,
      k8slab: worst(waits),
      target: { at: 0.1 },
      note,
    },
    {
      work: 'passes for an edit',
      k8slab: all / EDITS,
      unit: 'count',
      target: { at: 3 },
      note: told(passes, EDITS),
    },
    {
      work: 'passes of Nodes for an edit',
      k8slab: (passes['node'] ?? 0) / EDITS,
      unit: 'count',
      target: { at: 1 },
    },
  ];
}

async function add({ lab, nodes, daemon, report }: Context): Promise<Row[]> {
  report('one Node added');
  const before = (await daemon.metrics()).passes();
  await lab.writeFile(`/etc/k8slab.d/${nodeName(nodes)}.yaml`, nodeManifest(nodes));
  const done = await daemon.untilNodes(nodes + 1, 'Defined', 60_000);
  await daemon.untilQuiet(SETTLE_MS);
  const passes = difference(before, (await daemon.metrics()).passes());
  const all = Object.values(passes).reduce((sum, count) => sum + count, 0);
  return [
    {
      work: `passes for one Node added among ${nodes}`,
      k8slab: done ? all : NaN,
      unit: 'count',
      target: { at: 10 },
      note: told(passes, 1),
    },
  ];
}

/** Somebody changes a domain behind the manifest. */
async function drift(context: Context): Promise<Row> {
  const { lab, nodes, daemon, report } = context;
  report(`${EDITS} drifts`);
  const waits: number[] = [];
  for (let index = 0; index < EDITS; index += 1) {
    const name = nodeName(nodes - 1 - index);
    const began = await daemon.now();
    await lab.must(['virsh', 'setmaxmem', name, '70M', '--config']);
    const change = await firstChange(context, began);
    waits.push(change === undefined ? NaN : change.ended - began);
  }
  const note = `median ${Math.round(quantile(waits, 0.5) * 1000)} ms; the clock is read before virsh, which changes it, is started`;
  return { work: `drift to repaired, ${nodes} Nodes, p99`, k8slab: worst(waits), target: { at: 0.5 }, note };
}

/** The first call that changed something in libvirt: nothing else is asked for at this moment. */
async function firstChange({ lab, daemon }: Context, since: number): Promise<Change | undefined> {
  const deadline = performance.now() + SETTLE_MS;
  while (performance.now() < deadline) {
    const [first] = (await daemon.changes(since)).filter(({ began }) => began >= since);
    if (first !== undefined) return first;
    await lab.exec(['sleep', '0.1']);
  }
  return undefined;
}

/** Of so few values the highest is the 99th percentile; one that never came makes it unknown. */
function worst(values: readonly number[]): number {
  return values.some(Number.isNaN) ? NaN : quantile(values, 0.99);
}

function told(passes: Record<string, number>, times: number): string {
  return Object.entries(passes)
    .map(([controller, count]) => `${controller} ${Math.round((count / times) * 10) / 10}`)
    .join(', ');
}
