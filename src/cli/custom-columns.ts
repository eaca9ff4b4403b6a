import { ReasonedError } from '../api/errors.ts';
import { findValues, textOf } from './jsonpath/evaluate.ts';
import { parseRelaxedPath, type Path } from './jsonpath/parse.ts';

export interface CustomColumn {
  readonly header: string;
  readonly path: Path;
}

const NONE = '<none>';

/** `NAME:.metadata.name,ROLE:.spec.role`, as kubectl takes it. @throws ReasonedError BadTemplate */
export function parseCustomColumns(text: string): CustomColumn[] {
  return splitColumns(text).map((part) => {
    const colon = part.indexOf(':');
    const [header, path] = [part.slice(0, colon), part.slice(colon + 1)];
    if (colon > 0 && path !== '') return { header, path: parseRelaxedPath(path) };
    throw new ReasonedError('BadTemplate', `cannot read column "${part}": write it as HEADER:PATH`, {
      hint: 'such as NAME:.metadata.name,ROLE:.spec.role',
    });
  });
}

/** Two lines: the headers, and a path below each. */
export function parseColumnsFile(text: string): CustomColumn[] {
  const [headers = [], paths = []] = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
  if (headers.length > 0 && headers.length === paths.length)
    return headers.map((header, index) => ({ header, path: parseRelaxedPath(paths[index] ?? '') }));
  const hint = 'such as "NAME ROLE" and below it ".metadata.name .spec.role"';
  throw new ReasonedError(
    'BadTemplate',
    'cannot read columns: two lines are expected, as long as each other',
    {
      hint,
    },
  );
}

export function customCells(columns: readonly CustomColumn[], object: unknown): string[] {
  return columns.map(({ path }) => {
    const values = findValues(path, object).map(textOf);
    return values.length === 0 ? NONE : values.join(',');
  });
}

/** At commas that stand in no brackets and no quotes. */
function splitColumns(text: string): string[] {
  const parts = [''];
  for (const [part] of text.matchAll(/\[[^\]]*\]?|"[^"]*"?|'[^']*'?|[^,["']+|,/g))
    if (part === ',') parts.push('');
    else parts.push(`${parts.pop() ?? ''}${part}`);
  return parts.filter((part) => part !== '').map((part) => part.trim());
}
