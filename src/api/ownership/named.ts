/** The annotation in which an adopted object carries what its manifest names: defaults are filled into its spec. */
export const NAMED_FIELDS = 'k8slab.io/named-fields';

/** Whether the manifest names this field of the spec, such as `bridge.stp`. */
export type Named = (field: string) => boolean;

/** The fields that a spec, as it is written, gives a value: `bridge.stp,cidr`. Lists count as one field. */
export function namedFields(spec: unknown): string {
  return leaves('', spec).sort().join(',');
}

export function namedIn(annotations: Readonly<Record<string, string>> | undefined): Named {
  const fields = new Set((annotations?.[NAMED_FIELDS] ?? '').split(','));
  return (field) => fields.has(field);
}

function leaves(path: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(path === '' ? key : `${path}.${key}`, child));
}
