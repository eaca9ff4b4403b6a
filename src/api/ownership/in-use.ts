import type { Waiting } from '../disruption/waiting.ts';

/** What stands on a file: a domain's disk, or one that no domain has. */
export interface FileUser {
  readonly kind: 'domain' | 'disk';
  /** Of the domain; for a disk its path. */
  readonly name: string;
  readonly file: string;
  /** Why it is not known whether it stands on it: it counts as if it did, until it can be read. */
  readonly unread?: string;
}

const NAMED = 5;

/** `domain "a", domain "b" and 3 more use it`. */
export function inUse(users: readonly string[]): string {
  const more = users.length > NAMED ? ` and ${users.length - NAMED} more` : '';
  const verb = users.length === 1 ? 'uses' : 'use';
  return `${users.slice(0, NAMED).join(', ')}${more} ${verb} it`;
}

/** Something may stand on a file that is to go. */
export function usersUnknown(path: string, users: readonly FileUser[]): Waiting {
  const unread = users.filter((user) => user.unread !== undefined);
  const [first, ...others] = new Map(unread.map((user) => [user.file, user])).values();
  const more = others.length === 0 ? '' : ` (nor can ${others.length} more)`;
  const message =
    `whether anything stands on ${path} is not known: ${first?.file ?? ''} cannot be read${more}: ` +
    `${first?.unread ?? ''}; mend that, or put the manifest back to keep the file`;
  return { reason: 'FileUsersUnknown', message };
}
