const NAMED = 5;

/** `domain "a", domain "b" and 3 more use it`. */
export function inUse(users: readonly string[]): string {
  const more = users.length > NAMED ? ` and ${users.length - NAMED} more` : '';
  const verb = users.length === 1 ? 'uses' : 'use';
  return `${users.slice(0, NAMED).join(', ')}${more} ${verb} it`;
}
