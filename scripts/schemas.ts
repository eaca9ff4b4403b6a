/** Writes the kinds' JSON Schemas for editors. With `--check` it writes nothing and exits 1 when they are stale. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KINDS } from '../src/api/kinds/list.ts';
import { schemaFiles } from '../src/api/kinds/schema.ts';

const root = join(import.meta.dirname, '..', 'schemas');

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const stale = await staleFiles();
  if (values.check) {
    for (const { path } of stale) console.error(`schemas/${path} is stale: run "npm run schemas"`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const { path, text } of stale) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), text);
    console.log(`wrote schemas/${path}`);
  }
  return 0;
}

async function staleFiles(): Promise<ReturnType<typeof schemaFiles>> {
  const files = schemaFiles(KINDS);
  const texts = await Promise.all(files.map(({ path }) => readText(join(root, path))));
  return files.filter(({ text }, index) => texts[index] !== text);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

process.exitCode = await main();
