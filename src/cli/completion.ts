import type { Command, Option } from 'commander';
import {
  nextArgument,
  placeholder,
  readLine,
  readOption,
  takesValue,
  valuePlaceholder,
  type Candidate,
  type Line,
} from './completion-line.ts';
import { completers, type Asked, type Found } from './completion-values.ts';
import type { Client } from './client.ts';

/** The directives of a last line, with the numbers that cobra, and so kubectl, has for them. */
const NO_SPACE = 2;
const NO_FILES = 4;
const DIRECTORIES = 16;

/** What a completion must know of the world around it. */
export interface CompletionScene {
  readonly client: Client;
  /** Ends what takes too long: nothing is then offered. */
  readonly giveUp: Promise<unknown>;
}

/**
 * What may stand in the place of the last word, a line each, as the shells' scripts read it. It follows from the commands
 * themselves: what they are called, their options and arguments, and what stands in the usage in their places.
 * @param words all words after `k8slab`, the one being typed last
 */
export async function complete(
  program: Command,
  words: readonly string[],
  { client, giveUp }: CompletionScene,
): Promise<string> {
  const typed = words.at(-1) ?? '';
  const line = readLine(program, words.slice(0, -1));
  const nothing: Found = { words: [] };
  const asked = find(program, line, typed, client).catch(() => nothing);
  const found = await Promise.race([asked, giveUp.then(() => nothing)]);
  return answer(found, typed);
}

/** The daemon's socket, where the command line that is being typed names one. */
export function socketOf(program: Command, words: readonly string[]): string | undefined {
  const { given } = readLine(program, words.slice(0, -1));
  return [...given].find(([{ long }]) => long === '--socket')?.[1];
}

function answer(found: Found, typed: string): string {
  const words = found.words.filter(({ word }) => word.startsWith(typed));
  const lines = words.map(({ word, about }) =>
    about === undefined || about === '' ? word : `${word}\t${about}`,
  );
  const glued = words.length > 0 && words.every(({ word }) => /[/=.,]$/.test(word));
  const files = found.files === undefined ? NO_FILES : found.files === 'directories' ? DIRECTORIES : 0;
  const code = (glued ? NO_SPACE : 0) + (words.length > 0 ? NO_FILES : files);
  return [...lines, `:${code}`, ''].join('\n');
}

async function find(program: Command, line: Line, typed: string, client: Client): Promise<Found> {
  if (line.pending !== undefined) return valuesOf(line, line.pending, typed, client);
  if (!line.noOptions && typed.startsWith('-')) {
    const { option, value } = readOption(program, line.command, typed);
    if (option === undefined || value === undefined) return { words: options(program, line) };
    return behind(typed.slice(0, typed.length - value.length), await valuesOf(line, option, value, client));
  }
  const argument = nextArgument(line);
  const commands = line.words.length === 0 ? visibleCommands(line.command) : [];
  if (commands.length > 0) return { words: commands };
  if (line.command.name() === 'help' && line.command.parent === null) return { words: [] };
  if (argument === undefined) return { words: [] };
  if (argument.argChoices !== undefined) return { words: argument.argChoices.map((word) => ({ word })) };
  return valueFor(placeholder(argument.name()), { line, typed, client });
}

function valuesOf(line: Line, option: Option, typed: string, client: Client): Promise<Found> | Found {
  if (option.argChoices !== undefined) return { words: option.argChoices.map((word) => ({ word })) };
  return valueFor(valuePlaceholder(option), { line, typed, client, option: option.long ?? '' });
}

/** By the command and the placeholder where that has a meaning of its own, else by the placeholder. */
function valueFor(name: string, asked: Asked): Promise<Found> | Found {
  const find = completers[`${asked.line.command.name()} ${name}`] ?? completers[name];
  return find === undefined ? { words: [] } : find(asked);
}

/** A value that is glued to its option. */
function behind(prefix: string, { words, ...more }: Found): Found {
  return {
    words: words.map(({ word, about }) => ({
      word: `${prefix}${word}`,
      ...(about === undefined ? {} : { about }),
    })),
    ...more,
  };
}

function visibleCommands(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ word: each.name(), about: firstOf(each.description()) }));
}

/** Those that can still be given: one that may be given once, and was, is not offered again. */
function options(program: Command, { command, given }: Line): Candidate[] {
  const help = command.createHelp();
  const own = help.visibleOptions(command);
  const all = command === program ? own : [...own, ...program.options.filter(({ hidden }) => !hidden)];
  return all
    .filter((option) => !given.has(option) || option.parseArg !== undefined || option.variadic)
    .filter(({ long }) => command === program || long !== '--version')
    .flatMap((option): Candidate[] => {
      const about = firstOf(option.description);
      const word = option.long ?? option.short ?? '';
      return word === '' ? [] : [{ word: takesValue(option) ? `${word}=` : word, about }];
    });
}

/** Up to the first semicolon, in a line of a terminal. */
function firstOf(description: string): string {
  const [first = ''] = description.split(/[;\n]/);
  return first.length > 70 ? `${first.slice(0, 69)}…` : first;
}
