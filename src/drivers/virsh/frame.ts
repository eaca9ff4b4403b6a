/**
 * Framing of one call in an interactive virsh.
 *
 * Fed through a pipe, virsh prompts and echoes every line it reads (readline) into the stream that carries the output,
 * and gives no exit code. So a call is the line `echo BEGIN;COMMAND;echo END;echo --err END`: the output is exactly what
 * stands between the two marks. A line that virsh rejects as a whole (a syntax error) prints no marks; a second line,
 * the probe, sent only when the answer is slow, finds that out. Marks are typed with quotes inside, so that what readline
 * echoes never looks like one. Lines are short, since readline reads and redraws them piece by piece.
 */
export interface Frame {
  input: string;
  /** On stdout and on stderr: the call is over. */
  endMark: Buffer;
  /** To be sent when the answer is slow; from then on `probeMark` takes the place of `endMark`. */
  probe: string;
  probeMark: Buffer;
  /** The exact output, from all of stdout up to the last mark. */
  output: (stdout: Buffer) => string;
  /** The messages, from all of stderr up to the last mark. */
  messages: (stderr: Buffer) => string;
}

/** readline acts on control characters (completion, editing), and virsh's parser ends an argument at a newline. */
const UNTYPEABLE = /\p{Cc}|\p{Cs}/u;
const LONGEST_LINE = 8192;
const PLAIN = /^[\w./:=@%+-]+$/;

/** True when these arguments arrive unchanged through a session; the others take a process of their own. */
export function isTypeable(argv: readonly string[]): boolean {
  const length = argv.reduce((sum, arg) => sum + arg.length + 3, 0);
  return length <= LONGEST_LINE && !argv.some((arg) => UNTYPEABLE.test(arg));
}

/** An argument as virsh's own parser reads it. */
export function quoteArgument(argument: string): string {
  return PLAIN.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

/** @param mark text that no output contains, different for each call; letters and digits, at least 2 */
export function frame(argv: readonly string[], mark: string): Frame {
  const [begin, end, probed] = [`${mark}b`, `${mark}e`, `${mark}p`];
  const command = argv.map(quoteArgument).join(' ');
  return {
    input: `echo ${typed(begin)};${command};${echoBoth(end)}\n`,
    endMark: Buffer.from(end),
    probe: `${echoBoth(probed)}\n`,
    probeMark: Buffer.from(probed),
    output: (stdout) => between(stdout, begin, end),
    messages: (stderr) => withoutMarks(stderr.toString(), [end, probed]),
  };
}

function echoBoth(mark: string): string {
  return `echo ${typed(mark)};echo --err ${typed(mark)}`;
}

function typed(mark: string): string {
  return `${mark.slice(0, 1)}''${mark.slice(1)}`;
}

function between(stdout: Buffer, begin: string, end: string): string {
  const from = stdout.indexOf(begin);
  const to = stdout.lastIndexOf(end);
  return from === -1 || to === -1 ? '' : stdout.toString('utf8', from + begin.length, to);
}

function withoutMarks(stderr: string, marks: readonly string[]): string {
  return marks.reduce(
    (text, mark) => text.replace(`error: ${mark}\n`, '').replace(`error: ${mark}`, ''),
    stderr,
  );
}
