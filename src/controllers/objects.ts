import type { Kind } from '../api/meta.ts';
import type { KindMap } from '../api/kinds/objects.ts';
import type { ObjectOf as StoredObject, Store } from '../engine/store.ts';

export type ObjectStore = Store<KindMap>;
export type ObjectOf<K extends Kind> = StoredObject<KindMap, K>;
