import type { ManifestKind, ObjectRef } from '../meta.ts';
import { formatPath } from './path.ts';
import { positionOf } from './places.ts';
import type { CrossError, CrossErrorCode, FieldPath, ParsedObject } from './types.ts';

/** Others that a message names; others that `objects` lists. Thousands may take part in one clash. */
const MAX_NAMED = 3;
export const MAX_LISTED = 10;

/** A field by which an object lays hold of something. */
export interface Claim<T extends ParsedObject = ParsedObject> {
  readonly object: T;
  readonly path: FieldPath;
}

/** A claim on something that only one object can have; equal keys are equal things. */
export interface KeyedClaim extends Claim {
  readonly key: string;
}

export function refOf(object: ParsedObject): ObjectRef<ManifestKind> {
  return { kind: object.kind, name: object.name };
}

export function sameRef(a: ParsedObject, b: ParsedObject): boolean {
  return a.kind === b.kind && a.name === b.name;
}

/** `Node "master00" (lab.yaml:12)`: where the other object makes its claim. */
export function describeClaim({ object, path }: Claim): string {
  const { line } = positionOf(object, path);
  return `${object.kind} "${object.name}" (${object.source.file}:${line})`;
}

export interface CrossIssue {
  readonly code: CrossErrorCode;
  /** The message, to which the other claims are appended. */
  readonly message: string;
  readonly others: readonly Claim[];
  /** How many others there are, where `others` has only the first of them. */
  readonly total?: number;
  readonly hint?: string;
}

/** An error that condemns the object of `claim`. */
export function crossError(
  claim: Claim,
  { code, message, others, total = others.length, hint }: CrossIssue,
): CrossError {
  const { object, path } = claim;
  const named = others.slice(0, MAX_NAMED).map(describeClaim).join(', ');
  const more = total > MAX_NAMED ? ` and ${total - MAX_NAMED} more` : '';
  return {
    file: object.source.file,
    ...positionOf(object, path),
    path: formatPath(path),
    code,
    message: `${message}${others.length > 0 ? ' ' : ''}${named}${more}`,
    ...(hint === undefined ? {} : { hint }),
    object: refOf(object),
    objects: [object, ...others.slice(0, MAX_LISTED).map((other) => other.object)].map(refOf),
  };
}

/** For each key that several objects claim, an error for each of them. Two versions of one object do not clash. */
export function clashes(
  claims: readonly KeyedClaim[],
  issueOf: (claim: KeyedClaim) => Omit<CrossIssue, 'others'>,
): readonly CrossError[] {
  const groups = [...Map.groupBy(claims, ({ key }) => key).values()].filter((group) => group.length > 1);
  return groups.flatMap((group) => {
    const versions = Map.groupBy(group, ({ object }) => refKey(object));
    return group.flatMap((claim) => {
      const own = versions.get(refKey(claim.object)) ?? [];
      const total = group.length - own.length;
      const others = firstOthers(group, claim.object);
      return total === 0 ? [] : [crossError(claim, { ...issueOf(claim), others, total })];
    });
  });
}

/** As many claims of other objects as an error lists. */
export function firstOthers<C extends Claim>(claims: Iterable<C>, object: ParsedObject): C[] {
  const others: C[] = [];
  for (const claim of claims) {
    if (!sameRef(claim.object, object)) others.push(claim);
    if (others.length === MAX_LISTED) break;
  }
  return others;
}

export function refKey({ kind, name }: ParsedObject): string {
  return `${kind}/${name}`;
}
