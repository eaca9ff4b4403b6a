import type { Argument, Command, Option } from 'commander';

/** A word that is offered, and what it is. */
export interface Candidate {
  readonly word: string;
  readonly about?: string;
}

/** What a command line means up to the word that is being typed. */
export interface Line {
  readonly command: Command;
  /** Words that are no options, behind the command. */
  readonly words: readonly string[];
  /** Its value is being typed. */
  readonly pending?: Option;
  /** Those that were given, and their values; the last one of each. */
  readonly given: ReadonlyMap<Option, string>;
  /** Behind \`--\` nothing is an option. */
  readonly noOptions: boolean;
}

/** Reads all words before the one that is being typed, as commander would. */
export function readLine(program: Command, before: readonly string[]): Line {
  const given = new Map<Option, string>();
  const words: string[] = [];
  let command = program;
  let pending: Option | undefined;
  let noOptions = false;
  for (const word of before) {
    if (pending !== undefined) {
      given.set(pending, word);
      pending = undefined;
    } else if (!noOptions && word === '--') noOptions = true;
    else if (!noOptions && word.startsWith('-') && word.length > 1) {
      const { option, value } = readOption(program, command, word);
      if (option !== undefined && takesValue(option) && value === undefined) pending = option;
      else if (option !== undefined) given.set(option, value ?? '');
    } else {
      const sub = words.length === 0 ? subcommand(command, word) : undefined;
      if (sub === undefined) words.push(word);
      else command = sub;
    }
  }
  return { command, words, given, noOptions, ...(pending === undefined ? {} : { pending }) };
}

/** An option as it is written, with the value that is glued to it. */
export function readOption(
  program: Command,
  command: Command,
  word: string,
): { readonly option?: Option; readonly value?: string } {
  const options = command === program ? program.options : [...command.options, ...program.options];
  if (word.startsWith('--')) {
    const at = word.indexOf('=');
    const name = at === -1 ? word : word.slice(0, at);
    const option = options.find(({ long }) => long === name);
    return {
      ...(option === undefined ? {} : { option }),
      ...(at === -1 ? {} : { value: word.slice(at + 1) }),
    };
  }
  const option = options.find(({ short }) => short === word.slice(0, 2));
  const value = word.slice(2);
  return { ...(option === undefined ? {} : { option }), ...(value === '' ? {} : { value }) };
}

/** Whether the next word is its value. */
export function takesValue({ required }: Option): boolean {
  return required;
}

/** The argument that the next word would be; undefined: there is none. */
export function nextArgument({ command, words }: Line): Argument | undefined {
  const { registeredArguments } = command;
  const next = registeredArguments[words.length] ?? registeredArguments.at(-1);
  return words.length < registeredArguments.length || next?.variadic === true ? next : undefined;
}

/** What stands in its place in the usage, in capitals and without brackets: `NODES`, `TYPE/NAME`. */
export function placeholder(name: string): string {
  return name.replace(/^[<[]/, '').split(/\[|\]|>|\.{3}/, 1)[0] ?? '';
}

/** Of an option's value. */
export function valuePlaceholder({ flags }: Option): string {
  return placeholder(/[<[].*/.exec(flags)?.[0] ?? '');
}

function subcommand(command: Command, word: string): Command | undefined {
  return command.commands.find((each) => each.name() === word || each.aliases().includes(word));
}
