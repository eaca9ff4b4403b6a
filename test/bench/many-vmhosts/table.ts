import { median, quantile } from '../line.ts';
import type { LedgerWrite } from './ledger.ts';
import type { Round } from './rounds.ts';
import type { Figures } from './size.ts';

/** A line of the table: what it is, and its cell for each size. */
type Line = readonly [string, (figures: Figures) => string];

/** What the issue of many vmhosts asks for. */
export const MOST_BEYOND_MS = 150;
export const MOST_REQUESTS = 1;

const LINES: readonly Line[] = [
  ['Nodes', ({ vmhosts, nodes }) => String(vmhosts * nodes)],
  ['requests a second a vmhost at rest, without Leases', (all) => two(perVmhost(all, isOther))],
  ['the same, Leases alone', (all) => two(perVmhost(all, isLease))],
  ['bare object: asked for to seen by a watch, median / p99', ({ latencies: { bare } }) => both(bare)],
  ['pinned Node: asked for to first change of libvirt', ({ latencies: { pinned } }) => both(pinned)],
  ['the same beyond the bare object, p99', ({ latencies: { pinned, bare } }) => beyond(pinned, bare)],
  ['placed Node: asked for to first change of libvirt', ({ latencies: { placed } }) => both(placed)],
  ['the same beyond the bare object, p99', ({ latencies: { placed, bare } }) => beyond(placed, bare)],
  ['pinned Node: asked for to its domain defined', ({ latencies }) => both(latencies.pinnedDefined)],
  ['placed Node: asked for to its domain defined', ({ latencies }) => both(latencies.placedDefined)],
  ['kubectl apply and wait, bare object, median / p99', ({ latencies }) => both(latencies.kubectlBare)],
  ['kubectl apply, pinned Node, to first change of libvirt', ({ latencies }) => both(latencies.kubectlNode)],
  [
    'the same beyond the bare object, p99',
    ({ latencies: { kubectlNode, kubectlBare } }) => beyond(kubectlNode, kubectlBare),
  ],
  ['bring-up: all bound', ({ bringUp }) => s(bringUp.boundSeconds)],
  ['bring-up: all Ready', ({ bringUp }) => s(bringUp.seconds)],
  ['bring-up: CPU of kube-apiserver', ({ bringUp }) => s(bringUp.server.apiserverCpu)],
  ['bring-up: CPU of etcd', ({ bringUp }) => s(bringUp.server.etcdCpu)],
  ['bring-up: CPU of a daemon', ({ bringUp, vmhosts }) => s(bringUp.fleet.cpuSeconds / vmhosts)],
  ['bring-up: events of watches', ({ bringUp }) => String(bringUp.server.watchEvents)],
  ['bring-up: events of watches, MiB', ({ bringUp }) => whole(bringUp.server.watchMiB)],
  ['bring-up: writes a Node', ({ bringUp, vmhosts, nodes }) => two(writes(bringUp) / (vmhosts * nodes))],
  ['rest: CPU of kube-apiserver', ({ rest }) => percent(rest.server.apiserverCpu / rest.seconds)],
  ['rest: CPU of etcd', ({ rest }) => percent(rest.server.etcdCpu / rest.seconds)],
  ['rest: CPU of a daemon', ({ rest, vmhosts }) => percent(rest.fleet.cpuSeconds / rest.seconds / vmhosts)],
  ['memory of kube-apiserver, MiB', ({ rest }) => whole(rest.server.apiserverMiB)],
  ['memory of etcd, MiB', ({ rest }) => whole(rest.server.etcdMiB)],
  ['memory of a daemon, MiB', ({ rest, vmhosts }) => whole(rest.fleet.residentMiB / vmhosts)],
  ['the Network in etcd, KiB', ({ networkBytes }) => whole(networkBytes / 1024)],
];

/** Markdown, a column for each size. */
export function formatFigures(all: readonly Figures[]): string {
  const head = ['', ...all.map(({ vmhosts, nodes }) => `${vmhosts} x ${nodes}`)];
  return formatTable([head, ...LINES.map(([name, cell]) => [name, ...all.map(cell)])]);
}

/** What one Node more costs, by how many there are on its Network. */
export function formatGrowth(rounds: readonly Round[], writes: readonly LedgerWrite[]): string {
  return formatTable([
    ['', ...rounds.map(({ nodes }) => `${nodes} Nodes`)],
    ['a round of placement', ...rounds.map((round) => ms(round.ms))],
    ['a write of allocations', ...writes.map((write) => write.refused ?? ms(write.ms))],
    ['its CPU in kube-apiserver', ...writes.map(({ cpuSeconds }) => ms(cpuSeconds * 1000))],
    ['the Network in etcd, KiB', ...writes.map(({ bytes }) => whole(bytes / 1024))],
  ]);
}

/** The first row is the head. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(3, ...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((each, at) => each.padEnd(widths[at] ?? 0)).join(' | ')} |`);
  return lines.toSpliced(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`).join('\n');
}

function perVmhost({ rest, vmhosts }: Figures, counts: (key: string) => boolean): number {
  return sum(rest.fleet.requests, counts) / rest.seconds / vmhosts;
}

function writes({ fleet }: Figures['bringUp']): number {
  return sum(fleet.requests, (key) => isOther(key) && !/^(get|list|watch) /.test(key));
}

function isLease(key: string): boolean {
  return key.endsWith(' Lease');
}

function isOther(key: string): boolean {
  return !isLease(key);
}

function sum(counts: Readonly<Record<string, number>>, test: (key: string) => boolean): number {
  return Object.entries(counts).reduce((so, [key, count]) => so + (test(key) ? count : 0), 0);
}

function both(values: readonly number[]): string {
  return `${ms(median(values))} / ${ms(quantile(values, 0.99))}`;
}

function beyond(values: readonly number[], bare: readonly number[]): string {
  return ms(quantile(values, 0.99) - quantile(bare, 0.99));
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function s(value: number): string {
  return `${Number(value.toPrecision(3))} s`;
}

function two(value: number): string {
  return value.toFixed(2);
}

function whole(value: number): string {
  return String(Math.round(value));
}

function percent(value: number): string {
  return `${Number((value * 100).toPrecision(2))} %`;
}
