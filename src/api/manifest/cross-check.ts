import type { Kinds } from '../kinds/kinds.ts';
import { KINDS } from '../kinds/list.ts';
import { refName } from '../meta.ts';
import { type Claim, crossError, MAX_LISTED } from './clash.ts';
import { indexManifests } from './manifests.ts';
import type { CrossError, ManifestError, ParsedObject } from './types.ts';

/**
 * What is wrong between objects. Each error condemns one object (`object`, the first of `objects`); of objects that
 * claim the same thing each has its error, which names the others and their places. The result does not depend on
 * the order of the objects. References to objects that do not exist are no errors.
 */
export function crossCheck(objects: readonly ParsedObject[], kinds: Kinds = KINDS): readonly CrossError[] {
  const sorted = objects.toSorted(byPlace);
  const manifests = indexManifests(sorted);
  return [
    ...duplicateErrors(sorted),
    ...kinds.manifests.flatMap(({ manifest }) => manifest.crossCheck?.(manifests) ?? []),
  ].toSorted(byErrorPlace);
}

/** File, line, column, then the rest, so that the order is the same for the same set of errors. */
export function byErrorPlace(a: ManifestError, b: ManifestError): number {
  return (
    compare(a.file, b.file) ||
    a.line - b.line ||
    a.column - b.column ||
    compare(a.path, b.path) ||
    compare(a.code, b.code) ||
    compare(a.message, b.message)
  );
}

function byPlace(a: ParsedObject, b: ParsedObject): number {
  return compare(a.source.file, b.source.file) || a.source.line - b.source.line;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `Kind/name` -> the objects of that name, where there are several; that is seldom, and asked at each edit. */
export function manifold(objects: readonly ParsedObject[]): ReadonlyMap<string, readonly ParsedObject[]> {
  const single = new Map<string, ParsedObject>();
  const several = new Map<string, ParsedObject[]>();
  for (const object of objects) {
    const ref = refName(object);
    const first = single.get(ref);
    const group = several.get(ref);
    if (first === undefined) single.set(ref, object);
    else if (group === undefined) several.set(ref, [first, object]);
    else group.push(object);
  }
  return several;
}

function duplicateErrors(objects: readonly ParsedObject[]): readonly CrossError[] {
  return [...manifold(objects).values()].flatMap((group) => {
    const claims = group.map((object): Claim => ({ object, path: ['metadata', 'name'] }));
    const listed = claims.slice(0, MAX_LISTED + 1);
    return claims.map((claim) =>
      crossError(claim, {
        code: 'DuplicateObject',
        message: `${claim.object.kind} "${claim.object.name}" is also defined as`,
        others: listed.filter((other) => other !== claim).slice(0, MAX_LISTED),
        total: claims.length - 1,
      }),
    );
  });
}
