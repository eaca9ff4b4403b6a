import type { Lab } from '../lab/lab.ts';
import type { Daemon } from './daemon.ts';

/** One line of the table: a piece of work, what it took, and what it may take. Times in seconds unless `unit` says otherwise. */
export interface Row {
  readonly work: string;
  readonly k8slab: number;
  readonly unit?: Unit;
  /** The least that anybody could need: one warm virsh session, or the bare programs. */
  readonly limit?: number;
  /** As one would do it by a script, a process for each call. */
  readonly obvious?: number;
  /** By a playbook with community.libvirt's modules, where they can do it. */
  readonly ansible?: number;
  /** At most this, in `unit`, or this many times `limit`. */
  readonly target: { readonly at: number } | { readonly times: number };
  readonly note?: string;
}

export type Unit = 's' | 'MiB' | '%' | 'count';

export interface Context {
  /** How many Nodes there are. */
  readonly nodes: number;
  readonly lab: Lab;
  /** The vmhost's k8slabd, with all Nodes defined and stopped. */
  readonly daemon: Daemon;
  readonly report: (line: string) => void;
}

/** Lines that are measured together. Those that need no lab say so, those that make the Nodes come first. */
export interface Group {
  readonly name: string;
  readonly needs: 'nothing' | 'an empty lab' | 'nodes';
  readonly run: (context: Context) => Promise<Row[]>;
}

export function isReached({ k8slab, limit, target }: Row): boolean {
  return 'at' in target ? k8slab <= target.at : limit !== undefined && k8slab <= limit * target.times;
}

/** The table for a terminal, or as Markdown: its columns line up either way. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [HEADER, HEADER.map(() => '-'), ...rows.map(cellsOf)];
  const widths = HEADER.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row, index) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0, index === 1 ? '-' : ' ')))
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

const HEADER = [
  'work',
  'k8slab',
  'limit',
  'obvious way',
  'community.libvirt',
  'x limit',
  'target',
  'reached',
  'note',
];

function cellsOf(row: Row): string[] {
  const { work, k8slab, unit = 's', limit, obvious, ansible, target, note = '' } = row;
  return [
    work,
    format(k8slab, unit),
    limit === undefined ? '' : format(limit, unit),
    obvious === undefined ? '' : format(obvious, unit),
    ansible === undefined ? '' : format(ansible, unit),
    limit === undefined ? '' : (k8slab / limit).toPrecision(2),
    'at' in target ? `<= ${format(target.at, unit)}` : `<= ${target.times} x`,
    Number.isNaN(k8slab) ? 'not measured' : isReached(row) ? 'yes' : 'NO',
    note,
  ];
}

function format(value: number, unit: Unit): string {
  if (Number.isNaN(value)) return '-';
  if (unit === 'count') return String(Math.round(value * 10) / 10);
  if (unit !== 's') return `${Number(value.toPrecision(2))} ${unit}`;
  return value < 1 ? `${Number((value * 1000).toPrecision(3))} ms` : `${Number(value.toPrecision(3))} s`;
}

/** The value below which a share of them lies; of few values the highest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
