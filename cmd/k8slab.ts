import { explainError } from '../src/api/errors.ts';
import { useCompileCache } from './compile-cache.ts';
import { withCommandApart } from './commands/ssh.ts';
import { createProgram } from './program.ts';

useCompileCache(import.meta.dirname);

// Who reads the output has seen enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await createProgram().parseAsync(withCommandApart(process.argv.slice(2)), { from: 'user' });
} catch (error) {
  process.exitCode = report(error);
}

/** Commander has already printed what it throws. */
function report(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number')
    return error.exitCode;
  process.stderr.write(`k8slab: ${explainError(error)}\n`);
  return 1;
}
