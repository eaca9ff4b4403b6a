import type { FieldPath, Position } from './types.ts';

/** `spec.networks[0].mac`; keys that are no plain words are quoted: `metadata.labels["example.com/zone"]`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const part of path) text = childPath(text, part);
  return text;
}

/** The path of a child: an index of a list or a key of a mapping. */
export function childPath(parent: string, part: string | number): string {
  if (typeof part === 'number') return `${parent}[${part}]`;
  if (!/^[A-Za-z_$<][A-Za-z0-9_$<-]*$/.test(part)) return `${parent}[${JSON.stringify(part)}]`;
  return parent === '' ? part : `${parent}.${part}`;
}

/**
 * Where a field stands: its value, or that of the nearest field around it that the file spells out (defaults stand
 * nowhere, and what an alias stands for stands at the alias).
 */
export function positionOf(
  object: { readonly positions: ReadonlyMap<string, Position> },
  path: FieldPath,
): Position {
  for (let length = path.length; length >= 0; length--) {
    const position = object.positions.get(formatPath(path.slice(0, length)));
    if (position !== undefined) return position;
  }
  return { line: 1, column: 1 };
}
