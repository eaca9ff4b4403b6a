import { Composer, type CST, type Document, Lexer, LineCounter, Parser, type YAMLError } from 'yaml';
import { type Places, positionAt } from './places.ts';
import type { Steps } from './steps.ts';
import { readTree, type TreeIssue } from './tree.ts';
import type { ManifestErrorCode, Position } from './types.ts';

/** Characters in a file. Far more than a lab needs. */
export const MAX_FILE_LENGTH = 1024 * 1024;
/** Pieces of text, such as a word, a colon or the blanks between them, in one document: some 600 Nodes in a List. */
const MAX_PIECES = 100_000;
const MAX_DOCUMENTS = 10_000;
/** Levels of the parser's stack (a mapping in a list takes two); thousands would overflow the composer's stack. */
const MAX_DEPTH = 100;
/** One slip makes the parser stumble over many of the lines that follow. */
const MAX_SYNTAX_ERRORS = 5;
/** Pieces that belong nowhere, such as closing braces: the rest of the file is not worth reading. */
const MAX_STRAY_PIECES = 100;
/** Pieces between two pauses: about a millisecond. */
const PIECES_PER_STEP = 500;

const syntaxHints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BLOCK_AS_IMPLICIT_KEY: 'write a value that contains ": " in quotes',
  BAD_SCALAR_START: 'write the value in quotes',
  BAD_INDENT: 'indent it as its neighbours are',
  MULTILINE_IMPLICIT_KEY: 'is the line below indented further than this one?',
  BAD_ALIAS: 'write a value that begins with * or & in quotes',
};

/** Something wrong at a place of the text. */
export interface YamlIssue extends Position {
  readonly path: string;
  readonly code: ManifestErrorCode;
  readonly message: string;
  readonly hint?: string;
}

export interface YamlDocument {
  /** Own objects, lists, strings, numbers, booleans and null; never circular. */
  readonly value: unknown;
  readonly places: Places;
  readonly issues: readonly YamlIssue[];
  readonly start: Position;
  /** Whether the text could be read at all; if not, `value` is of no use. */
  readonly whole: boolean;
}

export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  /** What is wrong with the file as a whole. */
  readonly issues: readonly YamlIssue[];
}

/**
 * Reads all documents of a YAML 1.2 or JSON text; empty ones are left out. Does not throw, and takes bounded time and
 * memory on any input: what is too long, too many or nested too deeply is an issue of the file, and nothing of it is read.
 */
export function* readYaml(text: string): Steps<YamlFile> {
  if (text.trim() === '')
    return refuse('EmptyFile', 'the file is empty', { hint: 'remove the file, or write a comment' });
  if (text.length > MAX_FILE_LENGTH)
    return refuse('FileTooLarge', 'the file is larger than 1 MiB', { hint: SPLIT_FILE });
  const reading = startReading();
  const refused = yield* readTokens(text, reading);
  return refused ?? { documents: reading.documents, issues: endReading(reading, text.length) };
}

const SPLIT_FILE = 'split it into several files';

interface Reading {
  readonly lines: LineCounter;
  readonly parser: Parser;
  readonly composer: Composer;
  readonly documents: YamlDocument[];
  /** Documents so far, empty ones among them. */
  count: number;
  stray: number;
}

function startReading(): Reading {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    resolveKnownTags: false,
  });
  return { lines, parser: new Parser(lines.addNewLine), composer, documents: [], count: 0, stray: 0 };
}

/** @returns why nothing of the file counts */
function* readTokens(text: string, reading: Reading): Steps<YamlFile | undefined> {
  const { parser, lines } = reading;
  let [pieces, total, beginning] = [0, 0, 0];
  for (const piece of new Lexer().lex(text)) {
    for (const token of parser.next(piece)) {
      if (token.type === 'document') [pieces, beginning] = [0, parser.offset];
      take(reading, token);
    }
    if (parser.stack.length > MAX_DEPTH) {
      return refuse(
        'TooDeep',
        'the content is nested too deeply',
        positionAt(lines.lineStarts, parser.offset),
      );
    }
    if (++pieces > MAX_PIECES) {
      const hint = 'write several documents, or several files';
      const place = positionAt(lines.lineStarts, beginning);
      return refuse('TooManyValues', 'the document that begins here has too many values', { ...place, hint });
    }
    if (reading.count > MAX_DOCUMENTS) {
      const message = `the file has more than ${MAX_DOCUMENTS} documents`;
      return refuse('TooManyValues', message, {
        ...positionAt(lines.lineStarts, parser.offset),
        hint: SPLIT_FILE,
      });
    }
    if (reading.stray > MAX_STRAY_PIECES) return undefined;
    if (++total % PIECES_PER_STEP === 0) yield;
  }
  for (const token of parser.end()) take(reading, token);
  return undefined;
}

function take(reading: Reading, token: CST.Token): void {
  if (token.type === 'error') reading.stray += 1;
  quietly(() => {
    for (const document of reading.composer.next(token)) keep(reading, document);
  });
}

function keep(reading: Reading, document: Document.Parsed): void {
  reading.count += 1;
  reading.documents.push(...readDocument(document, reading.lines));
}

/** The last document, and the errors that belong to none. */
function endReading(reading: Reading, length: number): readonly YamlIssue[] {
  const { composer, lines } = reading;
  quietly(() => {
    for (const document of composer.end(false, length)) keep(reading, document);
  });
  if (reading.count > 0) return [];
  const { errors, warnings } = composer.streamInfo();
  return [...errors, ...warnings]
    .slice(0, MAX_SYNTAX_ERRORS)
    .map((error) => syntaxIssue(error, lines.lineStarts));
}

/** The composer makes an Error for each character of junk; without stacks a megabyte of it takes a sixth of the time. */
function quietly(work: () => void): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function readDocument(document: Document.Parsed, { lineStarts: lines }: LineCounter): YamlDocument[] {
  const { contents, errors, warnings } = document;
  const broken = withoutEchoes([...errors, ...warnings], lines).slice(0, MAX_SYNTAX_ERRORS);
  if (broken.length === 0 && isEmpty(contents)) return [];
  const at = contents?.range[0] ?? document.range[0];
  const start = positionAt(lines, at);
  if (broken.length > 0) {
    const issues = broken.map((error) => syntaxIssue(error, lines));
    return [{ value: null, places: { tree: { at }, lines }, issues, start, whole: false }];
  }
  const { value, places: tree, issues } = readTree(contents);
  return [
    {
      value,
      places: { tree, lines },
      issues: issues.map((issue) => placedIssue(issue, lines)),
      start,
      whole: true,
    },
  ];
}

/**
 * What the parser stumbles over in the line of an error, or in the next one, comes of that error. A line that is indented too
 * far makes two of one place, of which the one that says so is told.
 */
function withoutEchoes(errors: readonly YAMLError[], lines: readonly number[]): YAMLError[] {
  const placed = errors
    .map((error) => ({ error, line: positionAt(lines, error.pos[0]).line, first: error.code === INDENTED }))
    .toSorted((a, b) => a.line - b.line || Number(b.first) - Number(a.first));
  return placed
    .filter(({ line }, index) => {
      const before = placed[index - 1];
      return before === undefined || line > before.line + 1;
    })
    .map(({ error }) => error);
}

const INDENTED = 'MULTILINE_IMPLICIT_KEY';

function isEmpty(contents: Document.Parsed['contents']): boolean {
  return contents === null || ('value' in contents && contents.value === null);
}

function placedIssue({ at, other, message, ...issue }: TreeIssue, lines: readonly number[]): YamlIssue {
  const whole = other === undefined ? message : `${message} ${positionAt(lines, other).line}`;
  return { ...positionAt(lines, at), ...issue, message: whole };
}

function syntaxIssue(error: YAMLError, lines: readonly number[]): YamlIssue {
  const [message = ''] = error.message.split('\n');
  const hint = syntaxHints[error.code];
  return {
    ...positionAt(lines, error.pos[0]),
    path: '',
    code: 'InvalidYaml',
    message: `cannot read the YAML: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

function refuse(
  code: ManifestErrorCode,
  message: string,
  more: Partial<Position> & { readonly hint?: string } = {},
): YamlFile {
  return { documents: [], issues: [{ line: 1, column: 1, path: '', code, message, ...more }] };
}
