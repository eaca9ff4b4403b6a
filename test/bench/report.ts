import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { formatTable, type Row } from './line.ts';

const top = join(import.meta.dirname, '../..');
const DOCUMENT = join(top, 'docs/performance.md');
const BEGIN = '<!-- npm run bench -- --write -->';
const END = '<!-- end -->';

/** The table with where and of what it was measured. */
export function formatReport(rows: readonly Row[], command: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', top, ...args], { encoding: 'utf8' }).trim();
  const changed =
    git('status', '--porcelain', '--', 'src', 'cmd', 'scripts', 'packaging') === '' ? '' : ' with changes';
  const memory = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB, guests emulated`;
  const when = new Date().toISOString().slice(0, 10);
  return `\`${command}\`, ${when}, commit ${git('rev-parse', '--short', 'HEAD')}${changed}, ${machine}.\n\n${formatTable(rows)}`;
}

/** Puts the report into docs/performance.md, in the place of the last one. */
export function writeReport(report: string): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`cannot write the figures: ${DOCUMENT} has no place for them`);
  writeFileSync(DOCUMENT, `${text.slice(0, begin + BEGIN.length)}\n\n${report}\n\n${text.slice(end)}`);
}
