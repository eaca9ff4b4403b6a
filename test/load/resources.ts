import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { full } from './share.ts';

/** What a process holds. */
export interface Resources {
  readonly descriptors: number;
  /** Timers, sockets, watches and whatever else keeps a process alive. */
  readonly active: number;
  readonly emitters: number;
  /** From here on of `npm run test:load` alone: each of these counts looks at the whole heap. */
  readonly timers: number;
  readonly signals: number;
  readonly promises: number;
  readonly heapMiB: number;
  readonly rssMiB: number;
}

/** How much more of each there may be afterwards. */
export type Growth = Partial<Resources>;

type Constructor = new (...args: never[]) => unknown;

/** Counted when whatever is closing has closed; each count collects garbage first. */
export async function resources(): Promise<Resources> {
  await untilStill();
  const emitters = count(EventEmitter);
  const counted = full ? counts() : { timers: 0, signals: 0, promises: 0 };
  const { heapUsed, rss } = process.memoryUsage();
  return {
    ...counted,
    emitters,
    ...open(),
    heapMiB: heapUsed / 2 ** 20,
    rssMiB: rss / 2 ** 20,
  };
}

function open(): Pick<Resources, 'descriptors' | 'active'> {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    active: process.getActiveResourcesInfo().length,
  };
}

const LOOK_MS = 50;
const LOOKS = 100;
const ALIKE = 5;

/** Until several looks in a row find the same, or for so long that more of it is a leak. */
async function untilStill(): Promise<void> {
  let [last, alike] = ['', 0];
  for (let looks = 0; looks < LOOKS && alike < ALIKE; looks += 1) {
    await sleep(LOOK_MS);
    const now = JSON.stringify(open());
    alike = now === last ? alike + 1 : 0;
    last = now;
  }
}

function counts(): Pick<Resources, 'timers' | 'signals' | 'promises'> {
  const timer = setTimeout(() => undefined, 0);
  const timers = count(timer.constructor as Constructor);
  clearTimeout(timer);
  return { timers, signals: count(AbortSignal), promises: count(Promise) };
}

/** @throws AssertionError that names all that grew by more than it may; of what is not named, by none */
export function assertFlat(before: Resources, after: Resources, mayGrow: Growth): void {
  const grown = keysOf(after)
    .filter((key) => after[key] > before[key] + (mayGrow[key] ?? 0))
    .map((key) => `${key}: ${format(before[key])} before, ${format(after[key])} after`);
  assert.deepEqual(grown, []);
}

/** One line, for who reads the test's output. */
export function told(before: Resources, after: Resources): string {
  return keysOf(after)
    .map((key) => `${key} ${format(before[key])} → ${format(after[key])}`)
    .join(', ');
}

function keysOf(counted: Resources): (keyof Resources)[] {
  return Object.keys(counted) as (keyof Resources)[];
}

function count(constructor: Constructor): number {
  return queryObjects(constructor, { format: 'count' });
}

function format(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** EventEmitters warn of themselves when they have many listeners. */
export function leakWarnings(): readonly string[] {
  return warnings;
}
const warnings: string[] = [];
process.on('warning', ({ name, message }) => {
  if (name === 'MaxListenersExceededWarning') warnings.push(message);
});
