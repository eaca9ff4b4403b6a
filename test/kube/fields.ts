/** The fields of a JSON value, as server-side apply tells them apart: maps and keyed lists by their members, all else whole. */

/** A key of a map, or the member of a list whose field `by` is `value`. */
export type Step = string | { readonly by: string; readonly value: string };
export interface Field {
  readonly path: readonly Step[];
  readonly value: unknown;
}

/** What our CRDs declare as `x-kubernetes-list-map-keys`. */
const LIST_KEYS = ['type', 'name'] as const;

/** By a text of their paths, in order. */
export function fieldsOf(value: unknown): Map<string, Field> {
  return new Map([...leaves(value, [])].map((field) => [JSON.stringify(field.path), field]));
}

function* leaves(value: unknown, path: readonly Step[]): Generator<Field> {
  const members = membersOf(value);
  if (members === undefined) {
    yield { path, value };
    return;
  }
  // An empty map or list is a field of its own.
  if (path.length > 0 && members.length === 0) yield { path, value };
  for (const [step, member] of members) yield* leaves(member, [...path, step]);
}

function membersOf(value: unknown): [Step, unknown][] | undefined {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const by = LIST_KEYS.find((key) => items.every((item) => isMap(item) && typeof item[key] === 'string'));
    if (by === undefined || items.length === 0) return undefined;
    return items.map((item) => [{ by, value: (item as Record<string, string>)[by] ?? '' }, item]);
  }
  return isMap(value) ? Object.entries(value) : undefined;
}

/** The value that has these fields. */
export function valueOf(fields: Iterable<Field>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path, value } of fields) put(root, path, value);
  return root;
}

function put(into: Record<string, unknown>, [step, ...rest]: readonly Step[], value: unknown): void {
  if (typeof step !== 'string') throw new Error('a list has no name');
  const [next] = rest;
  if (next === undefined) {
    // Its members came first.
    if (!(isEmpty(value) && into[step] !== undefined)) into[step] = value;
    return;
  }
  if (typeof next === 'string') {
    if (!isMap(into[step])) into[step] = {};
    put(into[step] as Record<string, unknown>, rest, value);
    return;
  }
  const list = (Array.isArray(into[step]) ? into[step] : (into[step] = [])) as Record<string, unknown>[];
  let item = list.find((each) => each[next.by] === next.value);
  if (item === undefined) list.push((item = { [next.by]: next.value }));
  if (rest.length > 1) put(item, rest.slice(1), value);
}

/** Whether it is a map or a list of nothing. */
export function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isMap(value) && Object.keys(value).length === 0;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON merge patch (RFC 7386). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result = new Map(isMap(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, mergePatch(result.get(key), value));
  }
  return Object.fromEntries(result);
}
