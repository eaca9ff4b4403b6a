import { ExecError } from '../exec.ts';
import type { Session } from './session.ts';

/** A bounded number of sessions, each used by one caller at a time, first come first served. */
export interface Pool {
  /** Runs `use` with a free session; a session that is no longer usable afterwards is replaced by the next call. */
  run<T>(use: (session: Session) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** No session of now answers another call: a free one ends at once, another one after its call. */
  renew(): void;
  /** Ends the sessions, what they are doing and who waits for one; later calls fail. */
  dispose(): Promise<void>;
}

export interface PoolOptions {
  start: () => Session;
  size: number;
  /** Milliseconds after which an unused session is ended. */
  idleMs: number;
  /** While no session gets to its first answer, new ones are started this rarely (ms, doubling); see `run`. */
  backoff: { firstMs: number; maxMs: number };
  /** Milliseconds of a clock that never goes back. */
  now: () => number;
}

interface Member {
  session: Session;
  proven: boolean;
  spent: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

interface Waiter {
  take: (member: Member) => void;
  reject: (error: unknown) => void;
}

/** Pool state that only this file's functions touch. */
interface State {
  readonly options: PoolOptions;
  readonly members: Set<Member>;
  /** The last one is used first, so that a small load keeps few sessions. */
  readonly idle: Member[];
  readonly waiting: Waiter[];
  failures: number;
  retryAt: number;
  lastFailure: unknown;
  disposed: boolean;
}

/**
 * No session is started before the first call. When sessions fail before they ever answered (libvirt is down), calls
 * within the back-off fail at once with that error instead of starting one process each.
 */
export function createPool(options: PoolOptions): Pool {
  const state: State = {
    options,
    members: new Set(),
    idle: [],
    waiting: [],
    failures: 0,
    retryAt: -Infinity,
    lastFailure: undefined,
    disposed: false,
  };
  return {
    async run(use, signal) {
      const member = await acquire(state, signal);
      try {
        const result = await use(member.session);
        succeeded(state, member);
        return result;
      } catch (error) {
        failed(state, member, error);
        throw error;
      } finally {
        release(state, member);
      }
    },
    renew() {
      for (const member of state.members) member.spent = true;
      for (const member of [...state.idle]) retire(state, member);
    },
    async dispose() {
      state.disposed = true;
      for (const waiter of state.waiting.splice(0)) waiter.reject(closed());
      for (const member of state.idle) clearTimeout(member.idleTimer);
      await Promise.all([...state.members].map((member) => member.session.dispose()));
    },
  };
}

function acquire(state: State, signal: AbortSignal | undefined): Promise<Member> {
  signal?.throwIfAborted();
  if (state.disposed) throw closed();
  const free = takeIdle(state) ?? startOne(state);
  return free === undefined ? wait(state, signal) : Promise.resolve(free);
}

function takeIdle(state: State): Member | undefined {
  for (let member = state.idle.pop(); member !== undefined; member = state.idle.pop()) {
    clearTimeout(member.idleTimer);
    if (member.session.usable()) return member;
    state.members.delete(member);
  }
  return undefined;
}

function startOne(state: State): Member | undefined {
  const { options, members } = state;
  if (members.size >= options.size) return undefined;
  if (options.now() < state.retryAt) throw state.lastFailure;
  const member: Member = { session: options.start(), proven: false, spent: false, idleTimer: undefined };
  members.add(member);
  return member;
}

function wait(state: State, signal: AbortSignal | undefined): Promise<Member> {
  const { promise, resolve, reject } = Promise.withResolvers<Member>();
  const waiter: Waiter = { take: resolve, reject };
  function abort(): void {
    const place = state.waiting.indexOf(waiter);
    if (place !== -1) state.waiting.splice(place, 1);
    reject(signal?.reason);
  }
  signal?.addEventListener('abort', abort, { once: true });
  state.waiting.push(waiter);
  return promise.finally(() => signal?.removeEventListener('abort', abort));
}

function succeeded(state: State, member: Member): void {
  member.proven = true;
  state.failures = 0;
  state.retryAt = -Infinity;
}

/** A deadline says nothing about whether sessions can be started. */
function failed(state: State, member: Member, error: unknown): void {
  if (member.proven || member.session.usable()) return;
  if (!(error instanceof ExecError) || !['CommandFailed', 'CommandNotFound'].includes(error.reason)) return;
  const { firstMs, maxMs } = state.options.backoff;
  state.retryAt = state.options.now() + Math.min(maxMs, firstMs * 2 ** state.failures);
  state.failures += 1;
  state.lastFailure = error;
}

function release(state: State, member: Member): void {
  const { session } = member;
  if (state.disposed) return;
  if (!session.usable()) state.members.delete(member);
  else if (member.spent) end(state, member);
  else {
    state.idle.push(member);
    member.idleTimer = setTimeout(() => {
      retire(state, member);
    }, state.options.idleMs).unref();
  }
  serve(state);
}

function retire(state: State, member: Member): void {
  clearTimeout(member.idleTimer);
  state.idle.splice(state.idle.indexOf(member), 1);
  end(state, member);
}

function end(state: State, member: Member): void {
  state.members.delete(member);
  void member.session.dispose();
}

/** Gives what is free to those who wait, or the reason why nothing can be started. */
function serve(state: State): void {
  while (state.waiting.length > 0) {
    try {
      const member = takeIdle(state) ?? startOne(state);
      if (member === undefined) return;
      state.waiting.shift()?.take(member);
    } catch (error) {
      state.waiting.shift()?.reject(error);
    }
  }
}

function closed(): ExecError {
  return new ExecError('Aborted', 'the pool of sessions is closed', { argv: ['virsh'] });
}
