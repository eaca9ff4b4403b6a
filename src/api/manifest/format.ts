import { plain } from '../plain.ts';
import type { ManifestError, ManifestWarning } from './types.ts';

/** One line for a terminal or a log: `file:line:column: field: message (hint)`. */
export function formatError(error: ManifestError | ManifestWarning): string {
  const place = `${error.file}:${error.line}:${error.column}`;
  const field = error.path === '' ? '' : `${error.path}: `;
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return plain(`${place}: ${field}${error.message}${hint}`);
}
