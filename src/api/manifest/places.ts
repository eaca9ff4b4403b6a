import type { FieldPath, Position } from './path.ts';

/** Where the values of a document stand, as offsets into its text: a few words for a value, since a file has thousands. */
export interface PlaceTree {
  /** Of the value; of an alias, where the alias stands. */
  readonly at: number;
  /** Of the field's key. */
  readonly key?: number;
  /** As it is written, such as `0644` or `no`, where that is not how a number is printed, or YAML 1.1 means another thing. */
  readonly written?: string;
  /** The names of a mapping's fields, in the order of `children`; undefined for a list. */
  readonly names?: readonly string[];
  readonly children?: readonly PlaceTree[];
}

/** A tree with what turns its offsets into lines. `lines` is shared by all documents of a file. */
export interface Places {
  readonly tree: PlaceTree;
  /** Offset of the first character of each line. */
  readonly lines: readonly number[];
}

/** Where the value of the field stands; undefined where the file does not spell it out. */
export function placeAt(tree: PlaceTree, path: FieldPath): PlaceTree | undefined {
  const { found, depth } = walk(tree, path);
  return depth === path.length ? found : undefined;
}

/** The field, or the nearest one around it that the file spells out, and how many parts of the path lead to it. */
export function walk(
  tree: PlaceTree,
  path: FieldPath,
): { readonly found: PlaceTree; readonly depth: number } {
  let found = tree;
  for (const [depth, part] of path.entries()) {
    const index = typeof part === 'number' ? part : (found.names?.indexOf(part) ?? -1);
    const child = found.children?.[index];
    if (child === undefined) return { found, depth };
    found = child;
  }
  return { found, depth: path.length };
}

/** Line and column, both from 1. */
export function positionAt(lines: readonly number[], offset: number): Position {
  let [low, high] = [0, lines.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lines[middle] ?? Infinity) <= offset) low = middle;
    else high = middle;
  }
  return { line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
}

/** Where a field stands: its value, or that of the nearest field around it that the file spells out. */
export function positionOf({ places }: { readonly places: Places }, path: FieldPath): Position {
  return positionAt(places.lines, walk(places.tree, path).found.at);
}
