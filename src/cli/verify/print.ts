import type { Check } from './types.ts';
import type { Verified } from '../verify.ts';

const RED = '\u001b[31m';
const YELLOW = '\u001b[33m';
const PLAIN = '\u001b[39m';

export interface PrintVerified {
  /** Only what is not ok. */
  readonly quiet?: boolean | undefined;
  readonly colour: boolean;
}

/** A line per check: what, whether, how long it took, and what was found. */
export function printVerified({ checks, seconds }: Verified, { quiet, colour }: PrintVerified): string {
  const shown = quiet === true ? checks.filter(({ result }) => result !== 'ok') : checks;
  const rows = shown.map(({ object, check, result, seconds: took, message }) => [
    object,
    check,
    result,
    `${took.toFixed(2)}s`,
    message.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?'),
  ]);
  const table = [['OBJECT', 'CHECK', 'RESULT', 'TIME', 'FOUND'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = rows.length === 0 ? [] : table.map((row) => line(row, widths));
  const coloured = lines.map((text, index) => (colour ? paint(text, shown[index - 1]) : text));
  return [...coloured, summary(checks, seconds), ''].join('\n');
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ');
}

function paint(text: string, check: Check | undefined): string {
  if (check === undefined || check.result === 'ok') return text;
  return `${check.result === 'failed' ? RED : YELLOW}${text}${PLAIN}`;
}

export function count(checks: readonly Check[], result: Check['result']): number {
  return checks.filter((each) => each.result === result).length;
}

function summary(checks: readonly Check[], seconds: number): string {
  const [good, bad, left] = (['ok', 'failed', 'skipped'] as const).map((result) => count(checks, result));
  return `${checks.length} checks in ${seconds.toFixed(1)} s: ${good} ok, ${bad} failed, ${left} skipped`;
}
