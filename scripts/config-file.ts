import { stringify } from 'yaml';
import { z } from 'zod';
import { daemonConfig } from '../src/api/daemon-config.ts';
import type { JsonSchema } from '../src/api/kinds/schema.ts';

/** packaging/k8slabd.yaml, which is installed in /etc/k8slab: every setting with its default, commented out. */
export function configFile(): string {
  const schema = z.toJSONSchema(daemonConfig, { io: 'input' }) as JsonSchema;
  return [
    '# Configuration of k8slabd(8); it is read when the daemon starts. What is commented out is the default.',
    '# Made from src/api/daemon-config.ts by npm run generate.',
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => ['', ...setting(name, field)]),
    '',
  ].join('\n');
}

function setting(name: string, field: JsonSchema): string[] {
  const below = Object.entries(field.properties ?? {});
  const comment = [field.description ?? '', limits(field)].filter((part) => part !== '').join(' ');
  const head = comment === '' ? [] : wrap(comment, 110).map((line) => `# ${line}`);
  if (below.length === 0) return [...head, entry(name, field.default)];
  const inner = below.flatMap(([child, each]) => setting(child, each));
  return [...head, `#${name}:`, ...inner.map(nested)];
}

/** What is a comment still is one once the settings are none any more. */
function nested(line: string): string {
  return /^# \S/.test(line) ? `#  ${line}` : line.replace(/^#/, '#  ');
}

function limits({ enum: values, minimum, maximum }: JsonSchema): string {
  if (values !== undefined) return `One of ${values.join(', ')}.`;
  return minimum === undefined || maximum === undefined ? '' : `From ${minimum} to ${maximum}.`;
}

function entry(name: string, value: unknown): string {
  // What only the daemon knows, such as another default, or none.
  return value === undefined ? `# ${name}:` : `#${stringify({ [name]: value }, { lineWidth: 0 }).trimEnd()}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
