import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfExists } from '../../drivers/files.ts';

const SENSITIVE = /(?:pass(?:word|wd|phrase)?|secret|token|key-data)["']?\s*[:=]\s*["']?([^\s"']{6,})/gi;
/** Configuration is read by its fields, and these hold nothing to hide. */
const PUBLIC = /\.(pub|ya?ml|json|crt)$|^known_hosts/;
const MOST_BYTES = 64 * 1024;

/**
 * Secrets that files below a directory hold, such as /etc/k8slab: a file of one line is one, private keys line by line, of
 * others the values of what is called a password or a token. Files that may not be read are passed over.
 */
export async function secretsBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && !PUBLIC.test(entry.name));
  const yaml = entries.filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name));
  const whole = await Promise.all(
    files.map(async (entry) => secretsIn(await textOf(join(entry.parentPath, entry.name)))),
  );
  const values = await Promise.all(
    yaml.map(async (entry) => sensitiveValues(await textOf(join(entry.parentPath, entry.name)))),
  );
  return [...whole, ...values].flat();
}

async function textOf(path: string): Promise<string> {
  const text = await readIfExists(path).catch(() => undefined);
  return text === undefined || text.length > MOST_BYTES ? '' : text;
}

/** Of the text of one file. */
export function secretsIn(text: string): string[] {
  const lines = text.trim().split('\n');
  if (lines.length === 1) return lines;
  if (text.includes('PRIVATE KEY-----')) return lines.filter((line) => !line.startsWith('-----'));
  return sensitiveValues(text);
}

function sensitiveValues(text: string): string[] {
  return [...text.matchAll(SENSITIVE)].map(([, value = '']) => value);
}
