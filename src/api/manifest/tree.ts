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
import { formatPath } from './path.ts';
import type { PlaceTree } from './places.ts';
import { isOtherInYaml11 } from './yaml11.ts';
import type { FieldPath, ManifestErrorCode } from './types.ts';

/** Values that aliases may stand for in one document, so that a few lines cannot mean millions of values. */
const MAX_ALIASED_VALUES = 10_000;

/** Something wrong at an offset of the text. */
export interface TreeIssue {
  readonly at: number;
  readonly path: string;
  readonly code: ManifestErrorCode;
  readonly message: string;
  /** Offset of another place that the message ends with. */
  readonly other?: number;
}

/** A document as plain data, with the place of everything in it. */
export interface Tree {
  /** Own objects, lists, strings, numbers, booleans and null; never circular. */
  readonly value: unknown;
  readonly places: PlaceTree;
  readonly issues: readonly TreeIssue[];
}

/** A value, where it stands, and how many values it is made of, those behind aliases counted each time. */
interface Sized {
  readonly value: unknown;
  readonly places: PlaceTree;
  readonly size: number;
}

interface Reading {
  readonly path: (string | number)[];
  readonly issues: TreeIssue[];
  /** What an anchor stands for; undefined while that is still being read. */
  readonly anchors: Map<string, Sized | undefined>;
  aliased: number;
}

/** Turns the nodes of a document into data; duplicate keys, circles and the like become issues. */
export function readTree(root: unknown): Tree {
  const reading: Reading = { path: [], issues: [], anchors: new Map(), aliased: 0 };
  const { value, places } = readNode(root, reading);
  return { value, places, issues: reading.issues };
}

function nothing(at: number): Sized {
  return { value: null, places: { at }, size: 1 };
}

function readNode(node: unknown, reading: Reading): Sized {
  if (isAlias(node)) return readAlias(node, reading);
  if (!isMap(node) && !isSeq(node) && !isScalar(node)) return nothing(0);
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, undefined);
  const sized = isScalar(node)
    ? readScalar(node)
    : isMap(node)
      ? readMap(node, reading)
      : readList(node, reading);
  if (node.anchor !== undefined) reading.anchors.set(node.anchor, sized);
  return sized;
}

function readScalar({ value, source, range, type }: Scalar): Sized {
  const at = range?.[0] ?? 0;
  const isOther = typeof value === 'number' && source !== String(value);
  const written = source !== undefined && (isOther || (type === 'PLAIN' && isOtherInYaml11(source)));
  return { value, places: written ? { at, written: source } : { at }, size: 1 };
}

function readChild(node: unknown, part: string | number, reading: Reading): Sized {
  reading.path.push(part);
  const sized = readNode(node, reading);
  reading.path.pop();
  return sized;
}

function readList(list: YAMLSeq, reading: Reading): Sized {
  const items = list.items.map((item, index) => readChild(item, index, reading));
  return {
    value: items.map(({ value }) => value),
    places: { at: offsetOf(list), children: items.map(({ places }) => places) },
    size: items.reduce((sum, { size }) => sum + size, 1),
  };
}

function readMap(map: YAMLMap, reading: Reading): Sized {
  const fields = new Map<string, Sized>();
  const keys = new Map<string, number>();
  for (const pair of map.items) {
    const key = readKey(pair, keys, reading);
    if (key === undefined) continue;
    keys.set(key, offsetOf(pair.key));
    fields.set(key, readChild(pair.value, key, reading));
  }
  const names = [...fields.keys()];
  const children = [...fields].map(([name, { places }]) => ({ ...places, key: keys.get(name) ?? 0 }));
  return {
    value: Object.fromEntries([...fields].map(([name, { value }]) => [name, value])),
    places: { at: offsetOf(map), names, children },
    size: [...fields.values()].reduce((sum, { size }) => sum + size, 1),
  };
}

/** The key of a pair as a string; undefined, with an issue, where it cannot be one or is there already. */
function readKey(
  { key: node }: Pair,
  keys: ReadonlyMap<string, number>,
  reading: Reading,
): string | undefined {
  const at = offsetOf(node);
  if (!isScalar(node) || node.value === null) {
    report(reading, reading.path, { at, code: 'InvalidYaml', message: 'a key must be a word' });
    return undefined;
  }
  const key = typeof node.value === 'string' ? node.value : (node.source ?? '');
  const path = [...reading.path, key];
  const first = keys.get(key);
  if (key === '__proto__') {
    report(reading, path, { at, code: 'InvalidYaml', message: 'this key is not allowed' });
    return undefined;
  }
  if (first === undefined) return key;
  const message = 'the key is there twice, first in line';
  report(reading, path, { at, code: 'DuplicateKey', message, other: first });
  return undefined;
}

function readAlias(alias: Alias, reading: Reading): Sized {
  const at = offsetOf(alias);
  const target = reading.anchors.get(alias.source);
  if (target === undefined) {
    const why = reading.anchors.has(alias.source)
      ? 'is part of what it stands for'
      : 'stands for nothing above it';
    const message = `the alias *${alias.source} ${why}`;
    report(reading, reading.path, { at, code: 'InvalidYaml', message });
    return nothing(at);
  }
  const before = reading.aliased;
  reading.aliased += target.size;
  if (reading.aliased <= MAX_ALIASED_VALUES) return { ...target, places: { at } };
  if (before <= MAX_ALIASED_VALUES) {
    const message = 'aliases stand for too many values';
    report(reading, reading.path, { at, code: 'TooManyAliases', message });
  }
  return nothing(at);
}

function report(reading: Reading, path: FieldPath, issue: Omit<TreeIssue, 'path'>): void {
  reading.issues.push({ ...issue, path: formatPath(path) });
}

function offsetOf(node: unknown): number {
  return hasRange(node) ? node.range[0] : 0;
}

function hasRange(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
