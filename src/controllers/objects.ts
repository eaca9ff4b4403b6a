import type { Kind, KindMap } from '../api/meta.ts';
import type { ObjectOf as StoredObject, Store } from '../engine/store.ts';

export type ObjectStore = Store<KindMap>;
export type ObjectOf<K extends Kind> = StoredObject<KindMap, K>;
