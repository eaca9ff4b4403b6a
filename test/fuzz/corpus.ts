import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CORPUS = join(import.meta.dirname, 'corpus');
const TOP = join(import.meta.dirname, '../..');

export interface Sample {
  readonly name: string;
  readonly input: Buffer;
}

/** What is kept for a target: good inputs, and those that found something, named after it. */
export function corpusOf(target: string): readonly Sample[] {
  const folder = join(CORPUS, target);
  return existsSync(folder) ? filesIn(folder) : [];
}

/** @param folder of the repository */
export function samplesIn(folder: string, ending: string): readonly Buffer[] {
  const all = filesIn(join(TOP, folder)).filter(({ name }) => name.endsWith(ending));
  return all.map(({ input }) => input);
}

function filesIn(folder: string): readonly Sample[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const names = entries.map(({ name }) => name).sort();
  return names.map((name) => ({ name, input: readFileSync(join(folder, name)) }));
}
