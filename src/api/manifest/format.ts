import type { ManifestError, ManifestWarning } from './types.ts';

/** One line for a terminal or a log: `file:line:column: field: message (hint)`. */
export function formatError(error: ManifestError | ManifestWarning): string {
  const place = `${error.file}:${error.line}:${error.column}`;
  const field = error.path === '' ? '' : `${error.path}: `;
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return oneLine(`${place}: ${field}${error.message}${hint}`);
}

function oneLine(text: string): string {
  // Control characters of a hostile manifest must not reach a terminal.
  return text.replaceAll(/\s*\n\s*/g, '; ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
