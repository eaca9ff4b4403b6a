import { ReasonedError } from '../../src/api/errors.ts';
import { VirshError } from '../../src/drivers/libvirt.ts';
import type { Clock } from '../../src/engine/clock.ts';

/** What can happen to a call of a driver, and with it to the daemon. */
export const FAULTS = [
  'killed before',
  'killed after',
  'fails',
  'fails for a minute',
  'hangs',
  'lies',
] as const;
export type Fault = (typeof FAULTS)[number];

/** A call of a driver, such as `libvirt.defineDomain a`. */
export interface Call {
  readonly name: string;
  /** It changed the world. */
  mutates: boolean;
}

export interface InjectorOptions {
  /** Faults by the number of the call, counted from `arm`. */
  readonly faults?: ReadonlyMap<number, Fault>;
  readonly clock: () => Clock;
  /** Grows with each change of the world. */
  readonly changes: () => number;
}

/** Stands between the daemon and its drivers. */
export interface Injector {
  /** All calls since `arm`. */
  readonly calls: readonly Call[];
  /** Counting begins. */
  arm(): void;
  /** Counting ends, and with it all faults that have not come. */
  disarm(): void;
  /** How many calls were made to fail so far. */
  failures(): number;
  /** Whether the daemon was killed: none of its calls reaches the world any more. */
  killed(): boolean;
  wrap<T extends object>(driver: string, port: T): T;
}

/** In the words of every failure that is made here. */
export const INJECTED = 'injected';

const MINUTE_MS = 60_000;
/** The longest deadline of a call of virsh. */
const DEADLINE_MS = 30_000;
/** They call nothing. */
const PURE = new Set(['path', 'hostDirs', 'events', 'dispose']);

type Method = (...args: readonly unknown[]) => Promise<unknown>;

export function createInjector({ faults = new Map(), clock, changes }: InjectorOptions): Injector {
  let calls: Call[] = [];
  let armed = false;
  let dead = false;
  let failures = 0;
  /** Until when calls of that name fail. */
  const failing = new Map<string, number>();

  async function call(driver: string, name: string, run: () => Promise<unknown>): Promise<unknown> {
    if (dead) throw failure(driver, name, 'the daemon is dead');
    if (clock().monotonic() < (failing.get(name) ?? 0)) throw failure(driver, name, 'it fails for a minute');
    if (!armed) return run();
    const fault = faults.get(calls.length);
    const noted: Call = { name, mutates: false };
    calls.push(noted);
    switch (fault) {
      case 'killed before':
        dead = true;
        throw failure(driver, name, 'the daemon is dead');
      case 'fails':
        throw failure(driver, name, 'it fails once');
      case 'fails for a minute':
        failing.set(name, clock().monotonic() + MINUTE_MS);
        throw failure(driver, name, 'it fails for a minute');
      case 'hangs':
        await new Promise<void>((resolve) => void clock().setTimer(DEADLINE_MS, resolve));
        throw failure(driver, name, 'it does not answer in time');
      default: {
        const before = changes();
        const result = await run();
        noted.mutates = changes() > before;
        if (fault === 'killed after') dead = true;
        if (fault !== undefined) throw failure(driver, name, 'it says that it failed');
        return result;
      }
    }
  }

  function failure(driver: string, name: string, what: string): Error {
    failures += 1;
    return error(driver, name, what);
  }

  return {
    get calls() {
      return calls;
    },
    arm() {
      armed = true;
      calls = [];
    },
    disarm: () => void (armed = false),
    failures: () => failures,
    killed: () => dead,
    wrap: <T extends object>(driver: string, port: T): T =>
      new Proxy(port, {
        get(target, key, receiver) {
          const method: unknown = Reflect.get(target, key, receiver);
          if (typeof method !== 'function' || typeof key !== 'string' || PURE.has(key)) return method;
          const name = `${driver}.${key}`;
          return (...args: readonly unknown[]) => call(driver, name, () => (method as Method)(...args));
        },
      }),
  };
}

function error(driver: string, name: string, what: string): Error {
  const why = `${what} (${INJECTED})`;
  if (driver === 'libvirt')
    return new VirshError('OperationFailed', [name], { why, stderr: `error: ${why}\n` });
  return new ReasonedError('Injected', `cannot ${name}: ${why}`);
}
