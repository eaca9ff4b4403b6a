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

  function letGo(manager: string, kept: ReadonlyMap<string, Field>): void {
    for (const [key, { owners }] of fields) {
      if (kept.has(key) || !owners.delete(manager)) continue;
      if (owners.size === 0) fields.delete(key);
    }
  }

  function take(manager: string, key: string, field: Field): void {
    const had = fields.get(key);
    if (had !== undefined && JSON.stringify(had.value) === JSON.stringify(field.value)) {
      had.owners.add(manager);
      return;
    }
    // A value that becomes a map or a list, or the other way round, replaces what was there.
    for (const [other, { path, value: old }] of fields) {
      const within = !isEmpty(field.value) && startsWith(path, field.path);
      const around = !isEmpty(old) && startsWith(field.path, path);
      if (other !== key && (within || around)) fields.delete(other);
    }
    fields.set(key, { ...field, owners: new Set([manager]) });
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

function startsWith(path: Field['path'], start: Field['path']): boolean {
  return (
    start.length <= path.length &&
    start.every((step, index) => JSON.stringify(step) === JSON.stringify(path[index]))
  );
}
