import { isElsewhere, type Kind } from '../api/meta.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Reconcile } from '../engine/controller.ts';

/** Leaves alone what another vmhost has, or none yet. */
export function unlessElsewhere(kind: Kind, store: Pick<ObjectStore, 'get'>, pass: Reconcile): Reconcile {
  return (name, context) => {
    const object = store.get(kind, name);
    return object !== undefined && isElsewhere(object) ? Promise.resolve({}) : pass(name, context);
  };
}
