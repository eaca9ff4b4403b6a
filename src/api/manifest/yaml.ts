import { Composer, type CST, type Document, Lexer, LineCounter, Parser, type YAMLError } from 'yaml';
import { readTree, type Tree, type YamlIssue } from './tree.ts';
import type { ManifestErrorCode, Position } from './types.ts';

/** Characters in a file. Far more than a lab needs, and parsed within seconds whatever they are. */
export const MAX_FILE_LENGTH = 1024 * 1024;
/** Levels of the parser's stack (a mapping in a list takes two); thousands would overflow the composer's stack. */
const MAX_DEPTH = 100;
/** One slip makes the parser stumble over many of the lines that follow. */
const MAX_SYNTAX_ERRORS = 5;

const syntaxHints: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BLOCK_AS_IMPLICIT_KEY: 'write a value that contains ": " in quotes',
  BAD_SCALAR_START: 'write the value in quotes',
  BAD_ALIAS: 'write a value that begins with * or & in quotes',
};

export interface YamlDocument extends Tree {
  readonly start: Position;
  /** Whether the text could be read at all; if not, `value` is of no use. */
  readonly whole: boolean;
}

/**
 * Reads all documents of a YAML 1.2 or JSON text; empty ones are left out. Does not throw, and takes bounded time on
 * any input: what is too long or nested too deeply is an issue of the file, and nothing of it is read.
 */
export function readYaml(text: string): {
  readonly documents: readonly YamlDocument[];
  readonly issues: readonly YamlIssue[];
} {
  if (text.trim() === '')
    return refuse('EmptyFile', 'the file is empty', { hint: 'remove the file, or write a comment' });
  if (text.length > MAX_FILE_LENGTH) return refuse('FileTooLarge', 'the file is larger than 1 MiB');
  const lines = new LineCounter();
  const tokens = tokenize(text, lines);
  if ('tooDeepAt' in tokens) {
    return refuse('TooDeep', 'the content is nested too deeply', placeOf(lines, tokens.tooDeepAt));
  }
  const { documents, stray } = compose(tokens, text.length);
  return {
    documents: documents.flatMap((document) => readDocument(document, lines)),
    issues: stray.slice(0, MAX_SYNTAX_ERRORS).map((error) => syntaxIssue(error, lines)),
  };
}

/** The documents, and the errors that belong to none. */
function compose(
  tokens: readonly CST.Token[],
  length: number,
): { readonly documents: readonly Document.Parsed[]; readonly stray: readonly YAMLError[] } {
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    uniqueKeys: false,
    resolveKnownTags: false,
  });
  const { stackTraceLimit } = Error;
  // The composer makes an Error for each character of junk; without stacks a megabyte of it takes a sixth of the time.
  Error.stackTraceLimit = 0;
  try {
    const documents = [...composer.compose(tokens, false, length)];
    const { errors, warnings } = composer.streamInfo();
    return { documents, stray: documents.length > 0 ? [] : [...errors, ...warnings] };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The tokens of the text, or where their nesting exceeds the limit. */
function tokenize(text: string, lines: LineCounter): CST.Token[] | { readonly tooDeepAt: number } {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH) return { tooDeepAt: parser.offset };
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function readDocument(document: Document.Parsed, lines: LineCounter): readonly YamlDocument[] {
  const { contents, errors, warnings } = document;
  const broken = [...errors, ...warnings].slice(0, MAX_SYNTAX_ERRORS);
  if (broken.length === 0 && isEmpty(contents)) return [];
  const start = placeOf(lines, contents?.range[0] ?? document.range[0]);
  if (broken.length === 0) {
    return [{ ...readTree(contents, (offset) => placeOf(lines, offset)), start, whole: true }];
  }
  const issues = broken.map((error) => syntaxIssue(error, lines));
  return [{ ...readTree(undefined, () => start), issues, start, whole: false }];
}

function isEmpty(contents: Document.Parsed['contents']): boolean {
  return contents === null || ('value' in contents && contents.value === null);
}

function syntaxIssue(error: YAMLError, lines: LineCounter): YamlIssue {
  const [message = ''] = error.message.split('\n');
  const hint = syntaxHints[error.code];
  return {
    ...placeOf(lines, error.pos[0]),
    path: '',
    code: 'InvalidYaml',
    message: `cannot read the YAML: ${message}`,
    ...(hint === undefined ? {} : { hint }),
  };
}

function placeOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function refuse(
  code: ManifestErrorCode,
  message: string,
  more: Partial<Position> & { readonly hint?: string } = {},
): { readonly documents: readonly YamlDocument[]; readonly issues: readonly YamlIssue[] } {
  return { documents: [], issues: [{ line: 1, column: 1, path: '', code, message, ...more }] };
}
