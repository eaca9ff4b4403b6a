import { explainError, reasonOf } from '../src/api/errors.ts';
import { useCompileCache } from './compile-cache.ts';
import { createDaemonProgram } from './daemon-program.ts';

useCompileCache(import.meta.dirname);

/** sysexits.h: what a restart does not mend. The unit does not try. */
const EX_CONFIG = 78;
const CONFIG_REASONS: ReadonlySet<string> = new Set(['InvalidConfig', 'NotTrusted']);

try {
  await createDaemonProgram().parseAsync();
} catch (error) {
  // As the journal wants it: an error, whatever else the unit writes.
  const priority = process.env['JOURNAL_STREAM'] === undefined ? '' : '<3>';
  process.stderr.write(`${priority}k8slabd: ${explainError(error)}\n`);
  process.exitCode = CONFIG_REASONS.has(reasonOf(error)) ? EX_CONFIG : 1;
}
