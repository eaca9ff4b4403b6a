import type { CacheClock } from './clock.ts';
import type { DomainRecord, LibvirtChange, LibvirtView, NetworkRecord } from './view.ts';

type Named = Exclude<LibvirtChange, { kind: 'all' }>;
type Found = DomainRecord | NetworkRecord | undefined;

/** Tells what from what: a change is news unless whoever looks after the object has seen it already. */
export interface News {
  /** Remembers what was last handed out of an object. */
  seen(object: Named, found: Found): void;
  /** Something may have changed: looks a moment later, and tells if it is another than was last handed out. */
  suspect(object: Named): void;
  dispose(): void;
}

export interface NewsOptions {
  readonly clock: CacheClock;
  readonly read: Pick<LibvirtView, 'domain' | 'network'>;
  readonly tell: (change: Named) => void;
}

/** libvirt tells of one change by several events and files; and a pass that made it looks again right away. */
const SETTLE_MS = 50;

/**
 * What a pass changes itself comes back as events and changed files; without this each would be one more pass. Documents
 * of the same text are the same object, so that comparing costs nothing.
 */
export function createNews({ clock, read, tell }: NewsOptions): News {
  const last = new Map<string, Found>();
  const waiting = new Map<string, { cancel(): void }>();

  async function look(object: Named): Promise<void> {
    try {
      const found = await (object.kind === 'domain' ? read.domain(object.name) : read.network(object.name));
      if (!isSame(last.get(keyOf(object)), found)) tell(object);
    } catch {
      // Whoever looks after it finds out why.
      tell(object);
    }
  }

  return {
    seen(object, found) {
      if (found === undefined) last.delete(keyOf(object));
      else last.set(keyOf(object), found);
    },
    suspect(object) {
      const key = keyOf(object);
      if (waiting.has(key)) return;
      const timer = clock.setTimer(SETTLE_MS, () => {
        waiting.delete(key);
        void look(object);
      });
      waiting.set(key, timer);
    },
    dispose() {
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
