import { ReasonedError } from '../errors.ts';

/** What a field selector may name of an object, and the value that it has there. */
export type SelectableFields<T> = Readonly<Record<string, (object: T) => string | undefined>>;

/** By its name, and by these fields of it, such as `spec.role`. */
export function fieldsOf<T extends { readonly metadata: { readonly name: string } }>(
  paths: readonly string[] = [],
): SelectableFields<T> {
  return {
    'metadata.name': ({ metadata }) => metadata.name,
    ...Object.fromEntries(paths.map((path) => [path, (object: T) => textAt(object, path)])),
  };
}

function textAt(object: unknown, path: string): string | undefined {
  const value = path
    .split('.')
    .reduce((at: unknown, name) => (at as Readonly<Record<string, unknown>> | undefined)?.[name], object);
  return typeof value === 'string' ? value : undefined;
}

interface Term {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/**
 * A field selector as kubectl's `--field-selector` has it: `metadata.name=a,reason!=Started`. Undefined for one that is
 * empty, which means everything.
 * @throws ReasonedError BadRequest
 */
export function parseFieldSelector<T>(
  text: string,
  fields: SelectableFields<T>,
): ((object: T) => boolean) | undefined {
  const terms = split(text, ',').filter((term) => term !== '');
  if (terms.length === 0) return undefined;
  const tests = terms.map((term) => testOf(termOf(term), fields));
  return (object) => tests.every((test) => test(object));
}

function testOf<T>({ field, equal, value }: Term, fields: SelectableFields<T>): (object: T) => boolean {
  const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (read === undefined) throw new ReasonedError('BadRequest', `field label not supported: ${field}`);
  return (object) => ((read(object) ?? '') === value) === equal;
}

/** The operator is the first one that no backslash escapes. */
function termOf(text: string): Term {
  const found = /^((?:\\.|[^\\=!])*)(!=|==|=)(.*)$/s.exec(text);
  if (found === null)
    throw new ReasonedError('BadRequest', `invalid selector: '${text}'; can't understand '${text}'`);
  const [, field = '', operator, value = ''] = found;
  return { field, equal: operator !== '!=', value: value.replaceAll(/\\([\\,=])/g, '$1') };
}

/** At each separator that no backslash escapes. */
function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (const [piece] of text.matchAll(/\\.|[^\\]|\\$/gs)) {
    if (piece !== separator) {
      part += piece;
      continue;
    }
    parts.push(part);
    part = '';
  }
  return [...parts, part];
}
