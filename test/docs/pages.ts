import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const top = join(import.meta.dirname, '../..');

export interface Page {
  /** From the top of the repository. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block, such as ```` ```sh lab ````. */
export interface Block {
  readonly page: string;
  readonly line: number;
  /** The first word after the fence. */
  readonly language: string;
  /** The rest of that line. */
  readonly info: string;
  readonly text: string;
}

/** What a person reads: README, CONTRIBUTING and docs. */
export function pages(): readonly Page[] {
  const paths = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: top }).sort()];
  return paths.map((path) => ({ path, text: readFileSync(join(top, path), 'utf8') }));
}

export function blocksOf({ path, text }: Page): readonly Block[] {
  const fences = text.matchAll(/^( *)```([^\s`]*) *([^\n]*)\n([\s\S]*?)^\1```$/gm);
  return [...fences].map(({ index, 2: language = '', 3: info = '', 4: body = '' }) => ({
    page: path,
    line: text.slice(0, index).split('\n').length,
    language,
    info,
    text: body,
  }));
}

/** What is typed after a `$ ` or root's `# `, and what it prints. */
export interface Session {
  readonly command: string;
  readonly output: string;
}

export function sessionsIn({ text }: Block): readonly Session[] {
  return text
    .split(/^[$#] /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...output] = part.split('\n');
      return { command, output: output.join('\n') };
    });
}

/** Code spans outside of blocks. */
export function spansOf({ text }: Page): readonly string[] {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
}
