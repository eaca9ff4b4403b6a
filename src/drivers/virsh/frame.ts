/**
 * Framing of one call in an interactive virsh.
 *
 * Fed through a pipe, virsh prompts and echoes every line it reads (readline) into the stream that carries the output,
 * and gives no exit code. So each call is two lines: `echo BEGIN; COMMAND; echo END`, where the output is exactly what
 * stands between the two marks, and `echo DONE; echo --err DONE`, which comes even when virsh rejects the first line as
 * a whole (a syntax error). Marks are typed with quotes inside: what readline echoes never looks like a mark.
 */

/** One framed call: what to type, and how to read what comes back. */
export interface Frame {
  input: string;
  /** On stdout and on stderr: the call is over. */
  doneMark: Buffer;
  /** The exact output, from all of stdout up to `doneMark`. */
  output: (stdout: Buffer) => string;
  /** The messages, from all of stderr up to `doneMark`. */
  messages: (stderr: Buffer) => string;
}

/** readline acts on control characters (completion, editing), and virsh's parser ends an argument at a newline. */
const UNTYPEABLE = /\p{Cc}|\p{Cs}/u;
const LONGEST_LINE = 8192;
const ERROR_PREFIX = 'error: ';

/** True when these arguments arrive unchanged through a session; the others take a process of their own. */
export function isTypeable(argv: readonly string[]): boolean {
  const length = argv.reduce((sum, arg) => sum + arg.length + 3, 0);
  return length <= LONGEST_LINE && !argv.some((arg) => UNTYPEABLE.test(arg));
}

/** Quotes one argument for virsh's own parser. */
export function quoteArgument(argument: string): string {
  return `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** @param mark text that no output contains, different for each call; letters and digits, at least 2 */
export function frame(argv: readonly string[], mark: string): Frame {
  const [op = '', ...args] = argv;
  const [begin, end, done] = [`${mark}b`, `${mark}e`, `${mark}d`];
  const command = [op, ...args.map(quoteArgument)].join(' ');
  return {
    input: `echo ${typed(begin)}; ${command}; echo ${typed(end)}\necho ${typed(done)}; echo --err ${typed(done)}\n`,
    doneMark: Buffer.from(done),
    output: (stdout) => between(stdout, begin, end),
    messages: (stderr) => before(stderr, done),
  };
}

function typed(mark: string): string {
  return `${mark.slice(0, 1)}''${mark.slice(1)}`;
}

function between(stdout: Buffer, begin: string, end: string): string {
  const from = stdout.indexOf(begin);
  const to = stdout.lastIndexOf(end);
  return from === -1 || to === -1 ? '' : stdout.toString('utf8', from + begin.length, to);
}

function before(stderr: Buffer, done: string): string {
  const text = stderr.toString('utf8', 0, Math.max(0, stderr.lastIndexOf(done)));
  return text.endsWith(ERROR_PREFIX) ? text.slice(0, -ERROR_PREFIX.length) : text;
}
