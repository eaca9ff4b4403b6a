import { createHash } from 'node:crypto';
import { ReasonedError, toError } from '../../api/errors.ts';

/** Parsed documents by key, read at the first use and kept until they are dropped. */
export interface Documents<T> {
  /**
   * Undefined: there is no such document. Readers at the same time share one read, unless it began before a drop.
   * Rejects with the error of the read or of the parser, which is kept for a while: it says something of this document
   * alone. Only an error of the connection is not kept.
   */
  get(key: string): Promise<T | undefined>;
  /** What is kept may no longer hold: the next `get` reads again, and parses where the text is another one. */
  drop(key: string): void;
  /** The document is gone for good, and what is remembered of it with it. */
  forget(key: string): void;
  /** Reads up to `limit` documents again that were read `ageMs` ago or longer. @returns the keys of those that changed */
  sweep(limit: number, ageMs: number): Promise<string[]>;
}

export interface DocumentsOptions<T> {
  readonly read: (key: string) => Promise<string | undefined>;
  readonly parse: (text: string) => T;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** How long the error of a document is kept (ms). */
  readonly retryMs: number;
}

interface Slot<T> {
  readonly result: Promise<T | undefined>;
  readonly at: number;
  /** It failed: from then on it is read again. */
  retryAt?: number;
}

interface Parsed<T> {
  readonly digest: string;
  readonly value: T;
}

/** What these say is true of every document. */
const CONNECTION: ReadonlySet<string> = new Set([
  'LibvirtUnreachable',
  'PermissionDenied',
  'VirshMissing',
  'Aborted',
]);

/** Whether an error says that nothing can be read now, rather than something of one document. */
export function isConnectionError(error: unknown): boolean {
  return error instanceof ReasonedError && CONNECTION.has(error.reason);
}

interface State<T> extends DocumentsOptions<T> {
  /** In the order of their reads. A read that was overtaken by a drop fills a slot that is no longer in here. */
  readonly slots: Map<string, Slot<T>>;
  readonly parsed: Map<string, Parsed<T>>;
}

export function createDocuments<T>(options: DocumentsOptions<T>): Documents<T> {
  const state: State<T> = { ...options, slots: new Map(), parsed: new Map() };
  const { slots, parsed } = state;
  return {
    get(key) {
      const slot = slots.get(key);
      if (slot !== undefined && !(slot.retryAt !== undefined && slot.retryAt <= options.now()))
        return slot.result;
      return startRead(state, key).result;
    },
    drop(key) {
      slots.delete(key);
    },
    forget(key) {
      slots.delete(key);
      parsed.delete(key);
    },
    async sweep(limit, ageMs) {
      const due = oldest(state, limit, ageMs);
      const changed = await Promise.all(due.map((key) => changes(state, key)));
      return due.filter((_, index) => changed[index]);
    },
  };
}

function startRead<T>(state: State<T>, key: string): Slot<T> {
  const { slots, now, retryMs } = state;
  const slot: Slot<T> = { result: readDocument(state, key), at: now() };
  slots.delete(key);
  slots.set(key, slot);
  slot.result.catch((error: unknown) => {
    if (isConnectionError(error)) forgetRead(state, key, slot);
    else slot.retryAt = now() + retryMs;
  });
  return slot;
}

function forgetRead<T>({ slots }: State<T>, key: string, slot: Slot<T>): void {
  if (slots.get(key) === slot) slots.delete(key);
}

async function readDocument<T>(state: State<T>, key: string): Promise<T | undefined> {
  const text = await state.read(key);
  if (text === undefined) return undefined;
  const digest = createHash('sha256').update(text).digest('base64');
  const before = state.parsed.get(key);
  if (before?.digest === digest) return before.value;
  const value = state.parse(text);
  state.parsed.set(key, { digest, value });
  return value;
}

function oldest<T>({ slots, now }: State<T>, limit: number, ageMs: number): string[] {
  const due: string[] = [];
  for (const [key, { at }] of slots) {
    if (due.length === limit || at > now() - ageMs) break;
    due.push(key);
  }
  return due;
}

/** Reads again beside what is kept, so that nobody waits for it. */
async function changes<T>(state: State<T>, key: string): Promise<boolean> {
  const before = state.slots.get(key);
  const kept = state.parsed.get(key)?.value;
  const found = await readDocument(state, key).catch(toError);
  // Dropped or read meanwhile: whoever did so knows better.
  if (state.slots.get(key) !== before || before === undefined) return false;
  if (found instanceof Error || found === kept) {
    state.slots.delete(key);
    state.slots.set(key, { ...before, at: state.now() });
    return false;
  }
  state.slots.delete(key);
  return true;
}
