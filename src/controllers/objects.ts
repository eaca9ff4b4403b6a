import { isElsewhere, type Kind, type KindMap } from '../api/meta.ts';
import type { ObjectOf as StoredObject, Store } from '../engine/store.ts';

export type ObjectStore = Store<KindMap>;
export type ObjectOf<K extends Kind> = StoredObject<KindMap, K>;

/** The vmhost that the daemon runs on; undefined before it is known. */
export function ownVmhost(store: Pick<ObjectStore, 'list'>): ObjectOf<'Vmhost'> | undefined {
  return store.list('Vmhost').find((vmhost) => !isElsewhere(vmhost));
}
