import { addAbortListener } from 'node:events';
import type { Clock } from '../engine/clock.ts';
import type { Daemon } from './daemon.ts';

export interface ConvergeOptions {
  readonly clock: Clock;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Told a line for whatever is not Ready in the end. */
  readonly tell: (line: string) => void;
}

/** Waits until everything is Ready, the time is over or `signal` says stop. @returns the exit code */
export function converge(
  daemon: Pick<Daemon, 'allReady' | 'notReady' | 'onChange'>,
  { clock, seconds, signal, tell }: ConvergeOptions,
): Promise<number> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(seconds * 1000, () => end(1));
    const unsubscribe = daemon.onChange(check);
    const stop = addAbortListener(signal, () => end(1));
    check();

    function check(): void {
      if (daemon.allReady()) end(0);
    }

    function end(code: number): void {
      timer.cancel();
      unsubscribe();
      stop[Symbol.dispose]();
      for (const { name, why } of daemon.notReady()) tell(`${name} is not Ready: ${why}`);
      resolve(code);
    }
  });
}
