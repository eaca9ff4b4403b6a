import { mkdir, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** Runs `use` with the path of a file, readable by us alone, that holds the XML only meanwhile. */
export type WithXmlFile = <T>(xml: string, use: (path: string) => Promise<T>) => Promise<T>;

/** A virsh that reads its commands from stdin cannot read XML from there too. */
export function createTempFiles(dir: string): WithXmlFile {
  return async (xml, use) => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, `.${randomUUID()}.xml`);
    try {
      await writeFile(path, xml, { mode: 0o600, flag: 'wx' });
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  };
}

/** The name of the domain or network that XML describes. */
export function nameIn(xml: string): string {
  return /<name>([^<]*)<\/name>/.exec(xml)?.[1]?.trim() ?? 'XML';
}
