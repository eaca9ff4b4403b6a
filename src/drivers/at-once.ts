/** Runs `each` over the items, so many at a time. @returns the results in the order of the items */
export async function mapAtOnce<T, R>(
  items: readonly T[],
  atOnce: number,
  each: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const todo = items.entries();
  async function worker(): Promise<void> {
    for (const [index, item] of todo) results[index] = await each(item);
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

/** Runs `each` over all items, though it fails for some. @throws the first failure, once all are through */
export async function tryAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  each: (item: T) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  await mapAtOnce(items, atOnce, (item) => each(item).catch((error: unknown) => void failures.push(error)));
  if (failures.length > 0) throw failures[0];
}
