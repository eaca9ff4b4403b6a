import type { Origin } from '../meta.ts';

/** Whether the manifest names this field of the spec, such as `bridge.stp`. */
export type Named = (field: string) => boolean;

/** The fields that a spec, as it is written, gives a value, sorted: `bridge.stp`, `cidr`. Lists count as one field. */
export function namedFields(spec: unknown): readonly string[] {
  return leaves('', spec).sort();
}

export function namedIn(origin: Origin | undefined): Named {
  const fields = new Set(origin?.named);
  return (field) => fields.has(field);
}

function leaves(path: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(path === '' ? key : `${path}.${key}`, child));
}
