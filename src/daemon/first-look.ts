import type { Kinds } from '../api/kinds/kinds.ts';
import type { Read } from '../api/kinds/reads.ts';
import { isElsewhere, isRemoved, type ApiObject, type Kind } from '../api/meta.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Reconcile } from '../engine/controller.ts';

/** Should nobody tell that the look is over. */
const SOON_MS = 1000;

export interface FirstLookDeps {
  readonly kinds: Kinds;
  readonly store: ObjectStore;
}

/**
 * Puts off the first pass over an object until what it reads by name was looked at in this run, be it in vain. After a
 * restart a Node would otherwise be False for a moment, for a network of which nobody knows anything yet.
 */
export function afterFirstLooks(kind: Kind, deps: FirstLookDeps, pass: Reconcile): Reconcile {
  return (name, context) => {
    const object = deps.store.get(kind, name);
    if (object === undefined || !waitsForFirstLook(deps, object)) return pass(name, context);
    return Promise.resolve({ requeueAfterMs: SOON_MS });
  };
}

export function waitsForFirstLook({ kinds, store }: FirstLookDeps, object: ApiObject): boolean {
  if (wasTried(object) || isRemoved(object)) return false;
  return kinds.get(object.kind).reads.some((read) => {
    // Objects of one kind may read each other in a circle, and the vmhost reads all.
    if (read.source === object.kind) return false;
    return sourcesOf({ kinds, store }, read, object).some((source) => !wasTried(source));
  });
}

function sourcesOf({ kinds, store }: FirstLookDeps, read: Read, object: ApiObject): readonly ApiObject[] {
  if (read.of !== undefined) {
    return read.of(object as never).flatMap((name) => store.get(read.source, name) ?? []);
  }
  return kinds.manifest(read.source) === undefined ? store.list(read.source) : [];
}

/** Whether a pass over it has ended, well or not; what is elsewhere has none here. */
function wasTried(object: ApiObject): boolean {
  return isElsewhere(object) || object.status.conditions.length > 0;
}
