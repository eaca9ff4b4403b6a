import type { CacheClock } from './clock.ts';
import type { DomainRecord, LibvirtChange, NetworkRecord } from './view.ts';

type Named = Extract<LibvirtChange, { readonly name: string }>;
type Found = DomainRecord | NetworkRecord | undefined;

/** Tells of changes that somebody else made: who makes one looks again by itself. */
export interface News {
  /** What was just read of an object. */
  readonly read: (object: Named, found: Found) => void;
  /** We changed it: what is read of it next is no news. */
  readonly own: (object: Named) => void;
  /** Something may have changed: looks a moment later, and tells if it is another than it was. */
  readonly suspect: (object: Named) => void;
  /** From then on no look begins. */
  readonly dispose: () => void;
}

export interface NewsOptions {
  readonly clock: CacheClock;
  readonly look: (object: Named) => Promise<Found>;
  readonly tell: (change: Named) => void;
}

/** libvirt tells of one change by several events and files. */
const SETTLE_MS = 50;
const OWN = Symbol('own');

/**
 * Our own changes come back as events and changed files; without this each would be one more pass. Documents of the
 * same text are the same object, so that comparing costs nothing.
 */
export function createNews({ clock, look, tell }: NewsOptions): News {
  /** As last told, or as read after a change of our own. */
  const known = new Map<string, Found | typeof OWN>();
  const waiting = new Map<string, { cancel(): void }>();
  let disposed = false;

  function learn(key: string, found: Found): void {
    if (found === undefined) known.delete(key);
    else known.set(key, found);
  }
  async function verify(object: Named): Promise<void> {
    const key = keyOf(object);
    try {
      const found = await look(object);
      const before = known.get(key);
      learn(key, found);
      if (before !== OWN && !isSame(before, found)) tell(object);
    } catch {
      // Whoever looks after it finds out why.
      tell(object);
    }
  }

  return {
    read(object, found) {
      const key = keyOf(object);
      if (!known.has(key) || known.get(key) === OWN) learn(key, found);
    },
    own: (object) => void known.set(keyOf(object), OWN),
    suspect(object) {
      const key = keyOf(object);
      if (disposed || waiting.has(key)) return;
      const timer = clock.setTimer(SETTLE_MS, () => {
        waiting.delete(key);
        void verify(object);
      });
      waiting.set(key, timer);
    },
    dispose() {
      disposed = true;
      for (const timer of waiting.values()) timer.cancel();
      waiting.clear();
    },
  };
}

function keyOf({ kind, name }: Named): string {
  return `${kind} ${name}`;
}

function isSame(before: Found, now: Found): boolean {
  if (before === undefined || now === undefined) return before === now;
  const fields = new Set([...Object.keys(before), ...Object.keys(now)]);
  fields.delete('reason');
  const [old, young] = [new Map(Object.entries(before)), new Map(Object.entries(now))];
  return [...fields].every((field) => old.get(field) === young.get(field));
}
