import { readAddress } from './address.ts';

/** Values of addresses from the first to the last, both included; empty where `first > last`. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

/** `192.168.111.200`, or `192.168.111.200-192.168.111.210`; undefined where the text is neither, or runs backwards. */
export function readRange(text: string): Range | undefined {
  const [start = '', end = start, ...rest] = text.split('-');
  const [first, last] = [readAddress(start), readAddress(end)];
  if (first === undefined || last === undefined || rest.length > 0 || first.family !== last.family)
    return undefined;
  return first.value > last.value ? undefined : { first: first.value, last: last.value };
}

/** What is left of a range, in ascending order. */
export function excluding({ first, last }: Range, holes: readonly Range[]): Range[] {
  const left: Range[] = [];
  let start = first;
  for (const hole of ascending(holes)) {
    if (hole.last < start) continue;
    if (hole.first > last) break;
    if (hole.first > start) left.push({ first: start, last: hole.first - 1n });
    start = hole.last + 1n;
  }
  if (start <= last) left.push({ first: start, last });
  return left;
}

/** Answers by a binary search whether a value lies in one of the ranges. */
export function membership(ranges: readonly Range[]): (value: bigint) => boolean {
  const sorted = merged(ranges);
  return (value) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle]?.last ?? value) < value) low = middle + 1;
      else high = middle;
    }
    const range = sorted[low];
    return range !== undefined && range.first <= value;
  };
}

/** In ascending order, and none of them touches another. */
function merged(ranges: readonly Range[]): Range[] {
  const whole: Range[] = [];
  for (const range of ascending(ranges)) {
    const before = whole.at(-1);
    if (before === undefined || before.last < range.first) whole.push(range);
    else if (range.last > before.last) whole[whole.length - 1] = { first: before.first, last: range.last };
  }
  return whole;
}

function ascending<R extends Range>(ranges: readonly R[]): R[] {
  return ranges.toSorted((a, b) => order(a.first, b.first) || order(a.last, b.last));
}

function order(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
