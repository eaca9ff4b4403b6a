import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../cmd/program.ts';
import { blocksOf, pages, sessionsIn, spansOf, type Block } from './pages.ts';

const top = join(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};
const program = createProgram();

/** Why a command line cannot be right, as far as names of commands and options tell; undefined where they are known. */
function wrong(line: string): string | undefined {
  const npm = /\bnpm run ([\w-]+)/.exec(line);
  if (npm !== null && !Object.hasOwn(scripts, npm[1] ?? '')) return `npm has no script ${npm[1] ?? ''}`;
  const words = /(?:^|[|;&] *|sudo |-- )k8slab ([^|;&>#]*)/.exec(line)?.[1]?.trim().split(/\s+/) ?? [];
  const own = words.slice(0, words.includes('--') ? words.indexOf('--') : words.length);
  const [name] = own.filter((word) => !word.startsWith('-'));
  // What follows is for the guest.
  if (name === 'ssh') return undefined;
  if (name === undefined || !/^[a-z]/.test(name)) return undefined;
  const command = program.commands.find((each) => each.name() === name);
  if (command === undefined) return `k8slab has no command ${name}`;
  const unknown = own
    .filter((word) => /^-/.test(word) && word !== '-')
    .filter((word) => !knows(command, word));
  return unknown.length === 0 ? undefined : `k8slab ${name} has no option ${unknown.join(', ')}`;
}

function knows(command: Command, word: string): boolean {
  const [flag = ''] = word.split('=');
  const options = [...command.options, ...program.options];
  if (['--help', '-h'].includes(flag)) return true;
  return options.some(({ long, short }) => long === flag || short === flag || short === flag.slice(0, 2));
}

/** What is typed: all lines, or what follows a prompt. */
function linesOf(block: Block): readonly string[] {
  if (block.language === 'console') return sessionsIn(block).map(({ command }) => command);
  const lines = block.text.replaceAll(/\\\n\s*/g, ' ').split('\n');
  return lines.map((line) => line.trim());
}

describe('the commands in the documents', () => {
  for (const page of pages()) {
    const blocks = blocksOf(page);
    it(`of ${page.path} exist, and so do their options`, () => {
      const shell = blocks.filter(({ language }) => ['', 'sh', 'console', 'text'].includes(language));
      const lines = [...shell.flatMap(linesOf), ...spansOf(page)];
      assert.deepEqual(
        lines.flatMap((line) => wrong(line) ?? []),
        [],
      );
    });

    it(`of ${page.path} name what runs them, or say why nothing does`, () => {
      const unsaid = blocks
        .filter(({ language }) => ['sh', 'console'].includes(language))
        .filter(({ info }) => !/^(lab|checkout|package|control-plane|untested: .+)$/.test(info));
      assert.deepEqual(
        unsaid.map(({ page: path, line }) => `${path}:${line}`),
        [],
      );
    });
  }

  it('are found where they do not exist', () => {
    assert.deepEqual(
      ['k8slab gte', 'x | k8slab get --fast', 'npm run nothing', 'k8slab get -o wide', 'k8slab NAME'].map(
        wrong,
      ),
      [
        'k8slab has no command gte',
        'k8slab get has no option --fast',
        'npm has no script nothing',
        undefined,
        undefined,
      ],
    );
  });
});
