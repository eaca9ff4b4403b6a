import { fieldsOf, isEmpty, valueOf, type Field } from './fields.ts';

/** A status with the managers of its fields, as server-side apply keeps them. */
export interface Applied {
  value(): Record<string, unknown> | undefined;
  /** Takes over what others own. @returns whether the value is another one now */
  apply(manager: string, value: unknown): boolean;
}

interface Owned extends Field {
  readonly owners: Set<string>;
}

export function createApplied(): Applied {
  const fields = new Map<string, Owned>();
  /** Paths that fields lie within -> how many. */
  const within = new Map<string, number>();

  function put(key: string, field: Owned): void {
    if (!fields.has(key))
      for (const around of aroundOf(field)) within.set(around, (within.get(around) ?? 0) + 1);
    fields.set(key, field);
  }

  function drop(key: string): void {
    const field = fields.get(key);
    if (field === undefined) return;
    fields.delete(key);
    for (const around of aroundOf(field)) within.set(around, (within.get(around) ?? 0) - 1);
  }

  function letGo(manager: string, kept: ReadonlyMap<string, Field>): void {
    for (const [key, { owners }] of fields) {
      if (kept.has(key) || !owners.delete(manager)) continue;
      if (owners.size === 0) drop(key);
    }
  }

  function take(manager: string, key: string, field: Field): void {
    const had = fields.get(key);
    if (had !== undefined && JSON.stringify(had.value) === JSON.stringify(field.value)) {
      had.owners.add(manager);
      return;
    }
    // A value that becomes a map or a list, or the other way round, replaces what was there.
    for (const around of aroundOf(field)) {
      const old = fields.get(around);
      if (old !== undefined && !isEmpty(old.value)) drop(around);
    }
    if (!isEmpty(field.value) && (within.get(key) ?? 0) > 0)
      for (const [other, each] of fields) if (aroundOf(each).includes(key)) drop(other);
    put(key, { ...field, owners: new Set([manager]) });
  }

  function value(): Record<string, unknown> | undefined {
    return fields.size === 0 ? undefined : valueOf(fields.values());
  }

  return {
    value,
    apply(manager, wanted) {
      const before = JSON.stringify(value());
      const next = fieldsOf(wanted);
      letGo(manager, next);
      for (const [key, field] of next) take(manager, key, field);
      return JSON.stringify(value()) !== before;
    },
  };
}

/** The paths that the field lies within, as keys. */
function aroundOf({ path }: Field): string[] {
  return path.map((_, length) => JSON.stringify(path.slice(0, length)));
}
