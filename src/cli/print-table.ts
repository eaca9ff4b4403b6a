import type { Table } from '../api/kinds/table.ts';

/** A table as kubectl prints it: columns padded with spaces, three between them. */
export function printTable(table: Table, options: { wide: boolean; headers: boolean }): string {
  const shown = table.columnDefinitions.map(({ priority }) => options.wide || priority === 0);
  const header = table.columnDefinitions.map(({ name }) => name.toUpperCase());
  const rows = [...(options.headers ? [header] : []), ...table.rows.map(({ cells }) => cells)];
  return alignColumns(rows.map((cells) => cells.filter((_, index) => shown[index])));
}

/** Rows of cells as aligned lines; the last column is not padded. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('   '),
  );
  return lines.map((line) => `${line}\n`).join('');
}
