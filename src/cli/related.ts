import { findCondition, READY } from '../api/conditions.ts';
import type { Kinds } from '../api/kinds/kinds.ts';
import { formatPath } from '../api/manifest/path.ts';
import type { Reference } from '../api/manifest/types.ts';
import { objectWord, type Condition, type Kind } from '../api/meta.ts';
import type { AnyObject } from './listing.ts';

/** An object that another names, or that names it. */
export interface Related {
  /** `network/k8s-net` */
  readonly object: string;
  /** Undefined: there is none of that name. */
  readonly ready?: string;
  readonly reason: string;
  /** Such as `spec.networks[0].network`, or `its spec.disk.cloneOf`. */
  readonly how: string;
}

/** What an object's manifest names, then what names it. */
export function relatedObjects(object: AnyObject, all: readonly AnyObject[], kinds: Kinds): Related[] {
  const named = referencesOf(object, kinds).flatMap((reference) => {
    const found = all.filter((other) => other !== object && isMeant(reference, other));
    const how = formatPath(reference.path);
    if (found.length > 0) return found.map((other) => relatedTo(other, how));
    const missing = `${reference.kind.toLowerCase()}/${reference.name}`;
    return [{ object: missing, reason: 'there is none', how }];
  });
  const naming = all.flatMap((other) => {
    if (other.kind === object.kind && other.metadata.name === object.metadata.name) return [];
    const references = referencesOf(other, kinds).filter((reference) => isMeant(reference, object));
    const [first] = references;
    return first === undefined ? [] : [relatedTo(other, `its ${formatPath(first.path)}`)];
  });
  return [...named, ...naming];
}

function referencesOf({ kind, spec }: AnyObject, kinds: Kinds): readonly Reference[] {
  const manifest = kinds.manifest(kind)?.manifest;
  // An adopted object is served with what its manifest names alone: the rest has its defaults.
  const parsed = manifest?.spec.safeParse(spec);
  return parsed?.success === true ? (manifest?.references?.(parsed.data) ?? []) : [];
}

function isMeant({ kind, name }: Reference, object: AnyObject): boolean {
  if (kind === 'role') return object.kind === 'Node' && (object['spec'] as { role?: string }).role === name;
  return object.kind === kind && object.metadata.name === name;
}

function relatedTo(object: AnyObject, how: string): Related {
  const ready = findCondition(conditionsOf(object), READY);
  return {
    object: objectWord({ kind: object.kind as Kind, name: object.metadata.name }),
    ready: ready?.status ?? 'Unknown',
    reason: ready?.reason ?? 'Pending',
    how,
  };
}

export function conditionsOf(object: AnyObject): readonly Condition[] {
  return (object['status'] as { conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
}
