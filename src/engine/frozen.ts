/** Freezes `value` to the bottom and returns it; what is frozen already is taken as frozen to the bottom. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
