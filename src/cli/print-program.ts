import { constants } from 'node:os';
import { ReasonedError } from '../api/errors.ts';
import { oneLine } from '../api/plain.ts';
import { spawnProcess, type SpawnProcess } from '../drivers/exec.ts';
import { neverStarted } from '../drivers/exec-error.ts';

export interface ProgramOutput {
  readonly write: (text: string) => void;
  /** Whether a terminal shows it, which would obey what a guest prints. */
  readonly terminal: boolean;
}

const EXCERPT = 500;
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'] as const;

/** Runs a program to its end and hands over what it prints as it comes. @throws ReasonedError CommandFailed */
export async function printProgram(
  argv: readonly string[],
  { write, terminal }: ProgramOutput,
  spawn: SpawnProcess = spawnProcess,
): Promise<void> {
  const { SSH_AUTH_SOCK } = process.env;
  const child = spawn(argv, SSH_AUTH_SOCK === undefined ? {} : { env: { SSH_AUTH_SOCK } });
  child.endInput();
  const decoder = new TextDecoder();
  const plain = createPlain();
  child.onStdout((chunk) => {
    const text = decoder.decode(chunk, { stream: true });
    write(terminal ? plain(text) : text);
  });
  let said = '';
  child.onStderr((chunk) => (said = `${said}${chunk.toString()}`.slice(-EXCERPT)));
  // It is the leader of a process group of its own: Ctrl+C does not reach it, nor does the end of this process.
  let ended: NodeJS.Signals | undefined;
  function end(signal: NodeJS.Signals | number): void {
    if (typeof signal === 'string') ended = signal;
    child.kill();
  }
  for (const event of ENDINGS) process.on(event, end);
  const { code, error } = await child.ended;
  for (const event of ENDINGS) process.off(event, end);
  if (error !== undefined) throw neverStarted(error, argv);
  if (ended !== undefined) {
    process.exitCode = 128 + constants.signals[ended];
    return;
  }
  if (code === 0) return;
  const why = oneLine(said.trim());
  throw new ReasonedError(
    'CommandFailed',
    `cannot show logs: ${why === '' ? `exit code ${code ?? '?'}` : why}`,
  );
}

/** Escape sequences of terminals: CSI, OSC and the short ones; and all other control characters but tab and newline. */
const ESCAPES =
  /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[ -/]*[0-Z\\^-~])|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** One that the next chunk may bring to its end. */
const UNFINISHED = /\u001b(?:\[[0-?]*[ -/]*|\][^\u0007\u001b]{0,200}|[ -/]*)$/;

/** Takes out what a terminal would obey, also where it comes in two pieces. */
export function createPlain(): (text: string) => string {
  let rest = '';
  return (text) => {
    const all = rest + text;
    rest = UNFINISHED.exec(all)?.[0] ?? '';
    return all.slice(0, all.length - rest.length).replaceAll(ESCAPES, '');
  };
}
