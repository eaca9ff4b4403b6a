/** Writes what is made from the code: schemas for editors, pages of reference. With `--check` it writes nothing and exits 1 when one is stale. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { KINDS } from '../src/api/kinds/list.ts';
import { schemaFiles } from '../src/api/kinds/schema.ts';
import { configFile } from './config-file.ts';
import { fieldsPage } from './fields-page.ts';
import { conditionsPage } from './conditions-page.ts';
import { metricsPage } from './metrics-page.ts';

/** @param path from the top of the repository */
interface Generated {
  readonly path: string;
  readonly text: string;
}

const top = join(import.meta.dirname, '..');

async function generate(): Promise<readonly Generated[]> {
  return [
    ...schemaFiles(KINDS).map(({ path, text }) => ({ path: `schemas/${path}`, text })),
    await page('docs/fields.md', fieldsPage(KINDS)),
    await page('docs/metrics.md', await metricsPage()),
    await page('docs/events-and-conditions.md', conditionsPage()),
    { path: 'packaging/k8slabd.yaml', text: configFile() },
  ];
}

async function page(path: string, text: string): Promise<Generated> {
  return { path, text: await format(text, { parser: 'markdown', printWidth: 110 }) };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const files = await generate();
  const texts = await Promise.all(files.map(({ path }) => readText(join(top, path))));
  const stale = files.filter(({ text }, index) => texts[index] !== text);
  if (values.check) {
    for (const { path } of stale) console.error(`${path} is stale: run "npm run generate"`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const { path, text } of stale) {
    await mkdir(dirname(join(top, path)), { recursive: true });
    await writeFile(join(top, path), text);
    console.log(`wrote ${path}`);
  }
  return 0;
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
