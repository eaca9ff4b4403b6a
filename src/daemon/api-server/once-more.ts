/**
 * Makes of a hint that something may be another thing now one call of `again` each time that it may be acted after it
 * might not: what was left meanwhile is caught up with.
 */
export function createOnceMore(may: () => boolean, again: () => void): () => void {
  let might = may();
  return () => {
    const before = might;
    might = may();
    if (might && !before) again();
  };
}
