/** What of the engine's clock the cache needs. */
export interface CacheClock {
  monotonic(): number;
  setTimer(delayMs: number, run: () => void): { cancel(): void };
}
