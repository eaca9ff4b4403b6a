import { plain } from '../../api/plain.ts';
import type { Check } from './types.ts';
import type { Brush } from '../color.ts';
import type { Verified } from '../verify.ts';

export interface PrintVerified {
  /** Only what is not ok. */
  readonly quiet?: boolean | undefined;
  readonly brush?: Brush;
}

/** A line per check: what, whether, how long it took, and what was found. */
export function printVerified({ checks, seconds }: Verified, { quiet, brush }: PrintVerified): string {
  const shown = quiet === true ? checks.filter(({ result }) => result !== 'ok') : checks;
  const rows = shown.map(({ object, check, result, seconds: took, message }) => [
    object,
    check,
    result,
    `${took.toFixed(2)}s`,
    plain(message),
  ]);
  const table = [['OBJECT', 'CHECK', 'RESULT', 'TIME', 'FOUND'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = rows.length === 0 ? [] : table.map((row) => line(row, widths));
  const colored = lines.map((text, index) => paint(text, shown[index - 1], brush));
  return [...colored, summary(checks, seconds), ''].join('\n');
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ');
}

function paint(text: string, check: Check | undefined, brush: Brush): string {
  if (check === undefined || check.result === 'ok') return text;
  return brush?.(check.result === 'failed' ? 'red' : 'yellow', text) ?? text;
}

export function count(checks: readonly Check[], result: Check['result']): number {
  return checks.filter((each) => each.result === result).length;
}

function summary(checks: readonly Check[], seconds: number): string {
  const [good, bad, left] = (['ok', 'failed', 'skipped'] as const).map((result) => count(checks, result));
  return `${checks.length} checks in ${seconds.toFixed(1)} s: ${good} ok, ${bad} failed, ${left} skipped`;
}
