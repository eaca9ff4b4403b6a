import { z } from 'zod';
import type { ListQuery } from './query.ts';
import type { ListMeta } from './render.ts';
import type { Item, Resource } from './resource.ts';
import { StatusError } from './status.ts';

const token = z.object({ v: z.literal('meta.k8s.io/v1'), rv: z.string(), start: z.string() });

export interface Page<T> {
  readonly items: readonly T[];
  readonly metadata: ListMeta;
}

/**
 * A list, or the part of it that `limit` and `continue` ask for. All parts have the version of the first one, so that a
 * watch from there tells what changed between them.
 * @throws StatusError Expired, BadRequest, Timeout
 */
export function pageOf<T extends Item>(resource: Resource<T>, query: ListQuery<T>): Page<T> {
  checkAge(resource, query);
  const { selects, limit } = query;
  const from = query.continue === '' ? undefined : readToken(query.continue);
  const resourceVersion = from?.rv ?? resource.latest();
  if (from !== undefined) checkRemembered(resource, from.rv);
  const all = resource.list();
  const rest = from === undefined ? all : all.slice(placeAfter(all, from.start));
  if (!resource.paged || limit === 0) return { items: select(rest, selects), metadata: { resourceVersion } };
  const { items, next } = take(rest, selects, limit);
  const last = items.at(-1);
  if (next === rest.length || last === undefined) return { items, metadata: { resourceVersion } };
  const start = rest[next - 1]?.metadata.name ?? last.metadata.name;
  const remaining = selects === undefined ? { remainingItemCount: rest.length - next } : {};
  return { items, metadata: { resourceVersion, continue: writeToken(resourceVersion, start), ...remaining } };
}

function select<T>(items: readonly T[], selects: ListQuery<T>['selects']): readonly T[] {
  return selects === undefined ? items : items.filter(selects);
}

/** @returns `next`: how many were gone through; all of them when none that is meant is left */
function take<T>(
  items: readonly T[],
  selects: ListQuery<T>['selects'],
  limit: number,
): { items: readonly T[]; next: number } {
  const taken: T[] = [];
  for (const [index, item] of items.entries()) {
    if (selects?.(item) === false) continue;
    if (taken.length === limit) return { items: taken, next: index };
    taken.push(item);
  }
  return { items: taken, next: items.length };
}

/** By halves: the list is by name. */
function placeAfter(items: readonly Item[], name: string): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.metadata.name ?? '') <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What there was at a version is not kept: only the newest can be listed. */
function checkAge<T extends Item>(resource: Resource<T>, query: ListQuery<T>): void {
  const { resourceVersion: asked, resourceVersionMatch: match } = query;
  if (asked === '' || asked === '0') return;
  const now = resource.latest();
  if (Number(asked) > Number(now))
    throw new StatusError('Timeout', `Too large resource version: ${asked}, current: ${now}`, {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    });
  if (match === 'Exact' && asked !== now)
    throw new StatusError(
      'Expired',
      `The resourceVersion for the provided list is too old: ${asked}, current: ${now}`,
    );
}

function checkRemembered<T extends Item>(resource: Resource<T>, version: string): void {
  try {
    resource.watch(version, () => undefined)();
  } catch {
    throw new StatusError(
      'Expired',
      'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.',
    );
  }
}

function writeToken(rv: string, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start })).toString('base64url');
}

function readToken(text: string): z.output<typeof token> {
  try {
    return token.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    throw new StatusError('BadRequest', 'continue key is not valid');
  }
}
