import { ReasonedError } from '../../api/errors.ts';

/** A step of a path, in kubectl's dialect of JSONPath. */
export type Step =
  | { readonly type: 'field'; readonly name: string }
  /** `['a.b']`: the field of that name, or the path that it reads as. */
  | { readonly type: 'key'; readonly name: string; readonly path: readonly Step[] }
  | { readonly type: 'wildcard' }
  /** `..`: everything below, and the thing itself. */
  | { readonly type: 'descend' }
  | { readonly type: 'index'; readonly at: number }
  | { readonly type: 'slice'; readonly start?: number; readonly end?: number; readonly step: number }
  | { readonly type: 'union'; readonly paths: readonly (readonly Step[])[] }
  | { readonly type: 'filter'; readonly left: Operand; readonly op?: Operator; readonly right?: Operand };

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** What a filter compares. */
export type Operand = { readonly value: string | number | boolean | null } | Path;

export interface Path {
  /** `$`: from the whole, not from what a range or a filter is at. */
  readonly root: boolean;
  readonly steps: readonly Step[];
}

/** A part of a template: text as it is, values, or a part for each of some values. */
export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'path'; readonly path: Path }
  | { readonly type: 'range'; readonly over: Path; readonly body: readonly Part[] };

interface Reader {
  readonly text: string;
  at: number;
}

/** A template such as `{range .items[*]}{.metadata.name}{"\n"}{end}`. @throws ReasonedError BadTemplate */
export function parseTemplate(text: string): readonly Part[] {
  const reader: Reader = { text, at: 0 };
  return parseParts(reader, false);
}

/** A path such as `.metadata.name`, `metadata.name` or `{.metadata.name}`, as --sort-by and custom columns take it. */
export function parseRelaxedPath(text: string): Path {
  const inner = /^\{(.*)\}$/s.exec(text.trim())?.[1] ?? text.trim();
  const path = /^[.[$@]/.test(inner) ? inner : `.${inner}`;
  const reader: Reader = { text: path, at: 0 };
  const parsed = parsePath(reader);
  if (path === '.' || reader.at < path.length) throw bad(reader, 'it is not a path');
  return parsed;
}

function parseParts(reader: Reader, inRange: boolean): Part[] {
  const parts: Part[] = [];
  while (reader.at < reader.text.length) {
    if (peek(reader) !== '{') {
      parts.push({ type: 'text', text: until(reader, '{') });
      continue;
    }
    reader.at += 1;
    const found = parseAction(reader);
    if (found === 'end' && inRange) return parts;
    if (found === 'end') throw bad(reader, 'there is no range that {end} could end');
    parts.push(...found);
  }
  if (inRange) throw bad(reader, 'a {range} has no {end}');
  return parts;
}

/** What stands in braces; the first one is read. */
function parseAction(reader: Reader): readonly Part[] | 'end' {
  const parts: Part[] = [];
  for (;;) {
    skipSpaces(reader);
    const next = peek(reader);
    if (next === '') throw bad(reader, 'a brace is not closed');
    if (next === '}') {
      reader.at += 1;
      return parts;
    }
    if (next === '"' || next === "'") {
      parts.push({ type: 'text', text: parseQuoted(reader) });
      continue;
    }
    const word = /^[A-Za-z]+/.exec(reader.text.slice(reader.at))?.[0];
    if (word === undefined) {
      parts.push(parseValue(reader));
      continue;
    }
    reader.at += word.length;
    const special = parseWord(reader, word);
    if (special === 'end' || special.type === 'range') return special === 'end' ? 'end' : [...parts, special];
    parts.push(special);
  }
}

function parseWord(reader: Reader, word: string): Part | 'end' {
  if (word === 'true' || word === 'false') return { type: 'text', text: word };
  if (word === 'end') {
    skipSpaces(reader);
    expect(reader, '}');
    return 'end';
  }
  if (word !== 'range') throw bad(reader, `unrecognized identifier ${word}`, `write a field as .${word}`);
  skipSpaces(reader);
  const over = parsePath(reader);
  skipSpaces(reader);
  expect(reader, '}');
  return { type: 'range', over, body: parseParts(reader, true) };
}

function parseValue(reader: Reader): Part {
  const number = /^[+-]?[0-9]+(\.[0-9]+)?/.exec(reader.text.slice(reader.at))?.[0];
  if (number !== undefined) {
    reader.at += number.length;
    return { type: 'text', text: String(Number(number)) };
  }
  return { type: 'path', path: parsePath(reader) };
}

function parsePath(reader: Reader): Path {
  const from = reader.at;
  const sign = peek(reader);
  if (sign === '$' || sign === '@') reader.at += 1;
  const steps: Step[] = [];
  for (;;) {
    const next = peek(reader);
    if (next === '.') steps.push(...parseField(reader));
    else if (next === '[') steps.push(parseBrackets(reader));
    else break;
  }
  if (reader.at === from) throw bad(reader, 'a path begins with a dot');
  return { root: sign === '$', steps };
}

/** Ends a name, unless a backslash stands before it. */
const TERMINATORS = ' \t\n.,[]$@{}()=!<>"\'';

function parseField(reader: Reader): Step[] {
  reader.at += 1;
  const steps: Step[] = [];
  if (peek(reader) === '.') {
    reader.at += 1;
    steps.push({ type: 'descend' });
  }
  let name = '';
  for (;;) {
    const next = peek(reader);
    if (next === '\\') {
      name += reader.text[reader.at + 1] ?? '';
      reader.at += 2;
    } else if (next === '' || TERMINATORS.includes(next)) break;
    else {
      name += next;
      reader.at += 1;
    }
  }
  if (name === '*') steps.push({ type: 'wildcard' });
  else if (name !== '') steps.push({ type: 'field', name });
  return steps;
}

function parseBrackets(reader: Reader): Step {
  reader.at += 1;
  if (peek(reader) === '?') return parseFilter(reader);
  const items: Step[] = [];
  for (;;) {
    skipSpaces(reader);
    items.push(parseSubscript(reader));
    skipSpaces(reader);
    if (peek(reader) !== ',') break;
    reader.at += 1;
  }
  expect(reader, ']');
  const [only] = items;
  return items.length === 1 && only !== undefined
    ? only
    : { type: 'union', paths: items.map((item) => [item]) };
}

function parseSubscript(reader: Reader): Step {
  const next = peek(reader);
  if (next === '"' || next === "'") {
    const written = parseRaw(reader);
    const path = parsePath({ text: `.${written}`, at: 0 }).steps;
    return { type: 'key', name: written.replaceAll('\\', ''), path };
  }
  const text = /^[^\],]*/.exec(reader.text.slice(reader.at))?.[0].trimEnd() ?? '';
  const slice = /^(-?[0-9]*)(?::(-?[0-9]*))?(?::(-?[0-9]*))?$/.exec(text);
  if (text !== '*' && (slice === null || text === '')) throw bad(reader, `invalid array index "${text}"`);
  reader.at += text.length;
  if (text === '*') return { type: 'wildcard' };
  const [start, end, step] = [slice?.[1], slice?.[2], slice?.[3]].map((part) =>
    part === undefined || part === '' ? undefined : Number(part),
  );
  if (!text.includes(':')) return { type: 'index', at: start ?? 0 };
  if ((step ?? 1) < 1) throw bad(reader, 'the step of a slice must be at least 1');
  return {
    type: 'slice',
    step: step ?? 1,
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  };
}

function parseFilter(reader: Reader): Step {
  expect(reader, '?(');
  const left = parseOperand(reader);
  skipSpaces(reader);
  const op = /^(==|!=|<=|>=|<|>)/.exec(reader.text.slice(reader.at))?.[0] as Operator | undefined;
  reader.at += op?.length ?? 0;
  const compared = op === undefined ? {} : { op, right: parseOperand(reader) };
  skipSpaces(reader);
  if (/^(&&|\|\|)/.test(reader.text.slice(reader.at)))
    throw bad(reader, "kubectl's JSONPath knows no && and ||", 'write one filter behind the other for &&');
  expect(reader, ')');
  expect(reader, ']');
  return { type: 'filter', left, ...compared };
}

function parseOperand(reader: Reader): Operand {
  skipSpaces(reader);
  const next = peek(reader);
  if (next === '"' || next === "'") return { value: parseQuoted(reader) };
  const literal = /^(true|false|null|[+-]?[0-9]+(\.[0-9]+)?)/.exec(reader.text.slice(reader.at))?.[0];
  if (literal === undefined) return parsePath(reader);
  reader.at += literal.length;
  return { value: JSON.parse(literal.replace(/^\+/, '')) as string | number | boolean | null };
}

/** Between quotes, as it is written. */
function parseRaw(reader: Reader): string {
  const quote = peek(reader);
  const from = reader.at + 1;
  let end = from;
  while (end < reader.text.length && reader.text[end] !== quote) end += reader.text[end] === '\\' ? 2 : 1;
  if (end >= reader.text.length) throw bad(reader, 'a quote is not closed');
  reader.at = end + 1;
  return reader.text.slice(from, end);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function parseQuoted(reader: Reader): string {
  return parseRaw(reader).replaceAll(/\\(.)/gs, (_, char: string) => ESCAPES[char] ?? char);
}

function until(reader: Reader, stop: string): string {
  const end = reader.text.indexOf(stop, reader.at);
  const text = reader.text.slice(reader.at, end === -1 ? undefined : end);
  reader.at += text.length;
  return text;
}

function skipSpaces(reader: Reader): void {
  while (/^\s$/.test(peek(reader))) reader.at += 1;
}

/** Empty at the end. */
function peek({ text, at }: Reader): string {
  return text[at] ?? '';
}

function expect(reader: Reader, wanted: string): void {
  if (!reader.text.startsWith(wanted, reader.at)) throw bad(reader, `"${wanted}" is expected here`);
  reader.at += wanted.length;
}

function bad({ text, at }: Reader, why: string, hint?: string): ReasonedError {
  const place = at >= text.length ? 'at its end' : `at "${text.slice(at, at + 20)}"`;
  const message = `cannot read JSONPath "${text}": ${why} (${place})`;
  return new ReasonedError('BadTemplate', message, hint === undefined ? {} : { hint });
}
