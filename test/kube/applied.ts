import { fieldsOf, isEmpty, valueOf, type Field } from './fields.ts';

/** A status with the managers of its fields, as server-side apply keeps them. */
export interface Applied {
  value(): Record<string, unknown> | undefined;
  /** Takes over what others own. @returns whether the value is another one now, or somebody owns something else of it */
  apply(manager: string, value: unknown): boolean;
}

interface Owned extends Field {
  readonly owners: Set<string>;
}

/** Lists that are merged by a key: nobody owns such a list itself, but its members. */
const KEYED = new Set<unknown>(['conditions', 'vmhosts']);

export function createApplied(): Applied {
  const fields = new Map<string, Owned>();
  /** Maps and keyed lists of nothing, which nobody owns. */
  const empties = new Map<string, Field>();
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

  /** What a manager leaves out goes, unless others own it too; with the last of it goes what nobody owns. */
  function letGo(manager: string, kept: ReadonlyMap<string, Field>): void {
    let isPruned = false;
    for (const [key, { owners }] of fields) {
      if (kept.has(key) || !owners.delete(manager)) continue;
      if (owners.size > 0) continue;
      drop(key);
      isPruned = true;
    }
    if (isPruned && fields.size === 0) empties.clear();
  }

  function take(manager: string, key: string, field: Field): void {
    const had = fields.get(key);
    if (had !== undefined && JSON.stringify(had.value) === JSON.stringify(field.value)) {
      had.owners.add(manager);
      return;
    }
    // A value that becomes a map or a list, or the other way round, replaces what was there.
    for (const around of aroundOf(field)) {
      drop(around);
      empties.delete(around);
    }
    if ((within.get(key) ?? 0) > 0)
      for (const [other, each] of fields) if (aroundOf(each).includes(key)) drop(other);
    put(key, { ...field, owners: new Set([manager]) });
  }

  function value(): Record<string, unknown> | undefined {
    const all = [...fields.values(), ...empties.values()];
    return all.length === 0 ? undefined : valueOf(all);
  }

  function snapshot(): string {
    const owned = [...fields].map(([key, { owners }]) => `${key} ${[...owners].sort().join()}`);
    return JSON.stringify([value(), owned.sort()]);
  }

  return {
    value,
    apply(manager, wanted) {
      const before = snapshot();
      const [unowned, owned] = split(fieldsOf(wanted));
      for (const [key, field] of owned) take(manager, key, field);
      for (const [key, field] of unowned) if ((within.get(key) ?? 0) === 0) empties.set(key, field);
      letGo(manager, owned);
      return snapshot() !== before;
    },
  };
}

function split(fields: ReadonlyMap<string, Field>): [Map<string, Field>, Map<string, Field>] {
  const groups = Map.groupBy(fields, ([, { path, value }]) => {
    return isEmpty(value) && (!Array.isArray(value) || KEYED.has(path.at(-1)));
  });
  return [new Map(groups.get(true)), new Map(groups.get(false))];
}

/** The paths that the field lies within, as keys. */
function aroundOf({ path }: Field): string[] {
  return path.map((_, length) => JSON.stringify(path.slice(0, length)));
}
