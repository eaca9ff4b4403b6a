import { NONE } from '../api/kinds/columns.ts';
import type { Columns, Item } from './listing.ts';

export interface TableOptions {
  readonly wide: boolean;
  readonly headers: boolean;
  /** Labels that have a column of their own. */
  readonly labels?: readonly string[];
  /** All labels in one column. */
  readonly showLabels?: boolean;
  /** Names carry it, as kubectl shows several kinds at once. */
  readonly prefix?: string;
  /** Colours a cell, once it is padded. */
  readonly paint?: Paint;
}

/** @param column its name */
export type Paint = (padded: string, column: string, cell: string) => string;

/** The last column, since it may be long and has spaces. */
const MESSAGE = 'Message';

/** A table as kubectl prints it: columns padded with spaces, three between them. */
export function printTable(columns: Columns, items: readonly Item[], options: TableOptions): string {
  return createTable(options)(columns, items);
}

/** Prints tables one below the other as if they were one, for what comes later: with one header, and as wide as before. */
export function createTable(options: TableOptions): (columns: Columns, items: readonly Item[]) => string {
  let widths: readonly number[] = [];
  let headed = !options.headers;
  return (columns, items) => {
    const shown = shownColumns(columns, options);
    const header = headed ? [] : [shown.map(({ title }) => title)];
    const rows = [...header, ...items.map((item) => shown.map(({ cell }) => cell(item)))];
    const paint = options.paint;
    const titles = shown.map(({ title }) => title);
    widths = widthsOf(rows, widths);
    headed = true;
    return align(rows, widths, (padded, column, row) => {
      const isHeader = header.length > 0 && row === 0;
      return paint === undefined || isHeader
        ? padded
        : paint(padded, titles[column] ?? '', rows[row]?.[column] ?? '');
    });
  };
}

interface ShownColumn {
  readonly title: string;
  readonly cell: (item: Item) => string;
}

function shownColumns(columns: Columns, options: TableOptions): ShownColumn[] {
  const { wide, labels = [], showLabels = false, prefix } = options;
  const served = columns.flatMap(({ name, format, priority }, index): (ShownColumn & { last: boolean })[] => {
    if (!wide && priority > 0) return [];
    const isName = format === 'name' && prefix !== undefined;
    return [
      {
        title: name.toUpperCase(),
        cell: ({ cells }) => `${isName ? `${prefix}/` : ''}${cells?.[index] ?? ''}`,
        last: name === MESSAGE,
      },
    ];
  });
  const ofLabels = labels.map((label): ShownColumn => ({
    title: label.slice(label.lastIndexOf('/') + 1).toUpperCase(),
    cell: ({ metadata }) => metadata.labels?.[label] ?? NONE,
  }));
  return [
    ...served.filter(({ last }) => !last),
    ...ofLabels,
    ...(showLabels ? [{ title: 'LABELS', cell: labelsOf }] : []),
    ...served.filter(({ last }) => last),
  ];
}

/** `a=b,c=d` */
export function labelsOf({ metadata }: Pick<Item, 'metadata'>): string {
  const labels = Object.entries(metadata.labels ?? {});
  if (labels.length === 0) return NONE;
  return labels
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(',');
}

/** Rows of cells as aligned lines; the last column is not padded. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  return align(rows, widthsOf(rows), (padded) => padded);
}

function widthsOf(rows: readonly (readonly string[])[], least: readonly number[] = []): number[] {
  return (rows[0] ?? []).map((_, column) =>
    rows.reduce((widest, cells) => Math.max(widest, cells[column]?.length ?? 0), least[column] ?? 0),
  );
}

function align(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  paint: (padded: string, column: number, row: number) => string,
): string {
  const lines = rows.map((cells, row) =>
    cells
      .map((cell, column) => {
        const padded = column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0);
        return paint(padded, column, row);
      })
      .join('   '),
  );
  return lines.map((line) => `${line}\n`).join('');
}
