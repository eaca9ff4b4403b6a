import { setTimeout as delay } from 'node:timers/promises';
import type { Waits } from './watch.ts';

/** Of the process that runs: its clock and its standard streams. */
export function processWaits(): Waits & { print(text: string): void } {
  return {
    sleep: (ms, signal) =>
      delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    warn: (text) => void process.stderr.write(`k8slab: ${text}\n`),
    print: (text) => void process.stdout.write(text),
  };
}
