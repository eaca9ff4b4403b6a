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
