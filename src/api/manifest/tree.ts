import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { childPath } from './path.ts';
import type { ManifestErrorCode, Position } from './types.ts';

/** Values that aliases may stand for in one document, so that a few lines cannot mean millions of values. */
const MAX_ALIASED_VALUES = 10_000;

/** Something wrong at a place of the text. */
export interface YamlIssue extends Position {
  readonly path: string;
  readonly code: ManifestErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** A document as plain data, with the place of everything in it. Paths as `formatPath` writes them. */
export interface Tree {
  /** Own objects, lists, strings, numbers, booleans and null; never circular. */
  readonly value: unknown;
  readonly keys: ReadonlyMap<string, Position>;
  readonly values: ReadonlyMap<string, Position>;
  /** Numbers as they are written, such as `0644`. */
  readonly numbers: ReadonlyMap<string, string>;
  readonly issues: readonly YamlIssue[];
}

/** A value and how many values it is made of, those behind aliases counted each time. */
interface Sized {
  readonly value: unknown;
  readonly size: number;
}

interface Reading {
  readonly place: (offset: number) => Position;
  readonly keys: Map<string, Position>;
  readonly values: Map<string, Position>;
  readonly numbers: Map<string, string>;
  readonly issues: YamlIssue[];
  /** What an anchor stands for; undefined while that is still being read. */
  readonly anchors: Map<string, Sized | undefined>;
  aliased: number;
}

const NOTHING: Sized = { value: null, size: 1 };

/** Turns the nodes of a document into data; duplicate keys, circles and the like become issues. */
export function readTree(root: unknown, place: (offset: number) => Position): Tree {
  const reading: Reading = {
    place,
    keys: new Map(),
    values: new Map(),
    numbers: new Map(),
    issues: [],
    anchors: new Map(),
    aliased: 0,
  };
  const { value } = readNode(root, '', reading);
  return { ...reading, value };
}

function readNode(node: unknown, path: string, reading: Reading): Sized {
  if (isAlias(node)) return readAlias(node, path, reading);
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return NOTHING;
  reading.values.set(path, reading.place(node.range?.[0] ?? 0));
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, undefined);
  const sized = isScalar(node) ? readScalar(node, path, reading) : readCollection(node, path, reading);
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, sized);
  return sized;
}

function readCollection(node: YAMLMap | YAMLSeq, path: string, reading: Reading): Sized {
  return isMap(node) ? readMap(node, path, reading) : readList(node, path, reading);
}

function readScalar(node: Scalar, path: string, reading: Reading): Sized {
  if (typeof node.value === 'number') reading.numbers.set(path, node.source ?? String(node.value));
  return { value: node.value, size: 1 };
}

function readList(list: YAMLSeq, path: string, reading: Reading): Sized {
  const items = list.items.map((item, index) => readNode(item, childPath(path, index), reading));
  return { value: items.map(({ value }) => value), size: items.reduce((sum, { size }) => sum + size, 1) };
}

function readMap(map: YAMLMap, path: string, reading: Reading): Sized {
  const entries = new Map<string, unknown>();
  let total = 1;
  for (const pair of map.items) {
    const key = readKey(pair, path, reading);
    if (key === undefined) continue;
    const { value, size } = readNode(pair.value, childPath(path, key), reading);
    total += size;
    entries.set(key, value);
  }
  return { value: Object.fromEntries(entries), size: total };
}

/** The key of a pair as a string; undefined, with an issue, where it cannot be one or is there already. */
function readKey(pair: Pair, path: string, reading: Reading): string | undefined {
  const { key: node } = pair;
  const offset = hasRange(node) ? node.range[0] : 0;
  const position = reading.place(offset);
  if (!isScalar(node) || node.value === null) {
    report(reading, position, { path, code: 'InvalidYaml', message: 'a key must be a word' });
    return undefined;
  }
  const key = typeof node.value === 'string' ? node.value : (node.source ?? '');
  const at = childPath(path, key);
  const first = reading.keys.get(at);
  if (key === '__proto__' || first !== undefined) {
    const message =
      first === undefined ? 'this key is not allowed' : `the key is there twice, first in line ${first.line}`;
    report(reading, position, {
      path: at,
      code: first === undefined ? 'InvalidYaml' : 'DuplicateKey',
      message,
    });
    return undefined;
  }
  reading.keys.set(at, position);
  return key;
}

function readAlias(alias: Alias, path: string, reading: Reading): Sized {
  const position = reading.place(alias.range?.[0] ?? 0);
  reading.values.set(path, position);
  const target = reading.anchors.get(alias.source);
  if (target === undefined) {
    const why = reading.anchors.has(alias.source)
      ? 'is part of what it stands for'
      : 'stands for nothing above it';
    report(reading, position, { path, code: 'InvalidYaml', message: `the alias *${alias.source} ${why}` });
    return NOTHING;
  }
  const before = reading.aliased;
  reading.aliased += target.size;
  if (reading.aliased <= MAX_ALIASED_VALUES) return target;
  if (before <= MAX_ALIASED_VALUES) {
    report(reading, position, { path, code: 'TooManyAliases', message: 'aliases stand for too many values' });
  }
  return NOTHING;
}

function report(reading: Reading, position: Position, issue: Omit<YamlIssue, 'line' | 'column'>): void {
  reading.issues.push({ ...position, ...issue });
}

function hasRange(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
