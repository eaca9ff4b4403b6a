import type { Clock } from '../../engine/clock.ts';

/** Whose turn it is among the guests of a role, so that no two of them are disrupted at once. In memory. */
export interface Rollout {
  /** False: another one of the role has its turn. */
  take(role: string, node: string): boolean;
  /** It is Ready: the next may have its turn. */
  done(node: string): void;
  holder(role: string): string | undefined;
}

export function createRollout(): Rollout {
  const holders = new Map<string, string>();
  return {
    take(role, node) {
      const holder = holders.get(role) ?? node;
      holders.set(role, holder);
      return holder === node;
    },
    done(node) {
      for (const [role, holder] of holders) if (holder === node) holders.delete(role);
    },
    holder: (role) => holders.get(role),
  };
}

type Subject = 'address' | 'definition';

/** What was last tried with a guest, so that a means that does not help is not used for ever. In memory. */
export interface Attempts<Way extends string> {
  /** @param about what the try was to mend: for another cause it counts as never made */
  note(node: string, subject: Subject, attempt: { readonly way: Way; readonly about: string }): void;
  /** @param about left out: whatever it was about */
  last(
    node: string,
    subject: Subject,
    about?: string,
  ): { readonly way: Way; readonly seconds: number } | undefined;
  forget(node: string, subject: Subject): void;
}

export function createAttempts<Way extends string>(clock: Clock): Attempts<Way> {
  const made = new Map<string, { way: Way; about: string; at: number }>();
  const key = (node: string, subject: Subject): string => `${node} ${subject}`;
  return {
    note: (node, subject, attempt) =>
      void made.set(key(node, subject), { ...attempt, at: clock.monotonic() }),
    last(node, subject, about) {
      const found = made.get(key(node, subject));
      if (found === undefined || (about !== undefined && found.about !== about)) return undefined;
      return { way: found.way, seconds: Math.round((clock.monotonic() - found.at) / 1000) };
    },
    forget: (node, subject) => void made.delete(key(node, subject)),
  };
}
