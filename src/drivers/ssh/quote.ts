import { ReasonedError } from '../../api/errors.ts';

/** A command line that gives a POSIX shell exactly these arguments. */
export function quoteArgv(argv: readonly string[]): string {
  for (const argument of argv) {
    if (!argument.includes('\0')) continue;
    throw new ReasonedError(
      'InvalidArgument',
      `cannot run command "${argv[0] ?? ''}": an argument has a NUL in it`,
    );
  }
  return argv.map((argument) => `'${argument.replaceAll("'", String.raw`'\''`)}'`).join(' ');
}
