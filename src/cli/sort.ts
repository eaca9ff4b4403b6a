import { ReasonedError } from '../api/errors.ts';
import { parseBytes } from '../api/quantity.ts';
import { findValues, textOf } from './jsonpath/evaluate.ts';
import { parseRelaxedPath } from './jsonpath/parse.ts';
import type { Item } from './listing.ts';

const natural = new Intl.Collator('en', { numeric: true });

/**
 * Sorted by the value of a path, as kubectl does: numbers and quantities by their size, texts with the numbers in them;
 * what has no such field comes first. @throws ReasonedError BadArgument where no object has it
 */
export function sortItems(items: readonly Item[], path: string): Item[] {
  const parsed = parseRelaxedPath(path);
  const keyed = items.map((item) => ({ item, key: findValues(parsed, item.object)[0] }));
  if (items.length > 0 && keyed.every(({ key }) => key === undefined)) {
    const message = `couldn't find any field with path "${path}" in the list of objects`;
    throw new ReasonedError('BadArgument', message);
  }
  return keyed.toSorted((a, b) => compareValues(a.key, b.key)).map(({ item }) => item);
}

function compareValues(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const [left, right] = [sizeOf(a), sizeOf(b)];
  if (left !== undefined && right !== undefined) return left - right;
  return natural.compare(textOf(a), textOf(b));
}

function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^[0-9]/.test(value)) return undefined;
  try {
    return parseBytes(value);
  } catch {
    return undefined;
  }
}
