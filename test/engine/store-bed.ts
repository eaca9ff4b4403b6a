import type { ObjectStatus } from '../../src/api/meta.ts';
import { createStore, type Change, type Store } from '../../src/engine/store.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';

export interface Kinds {
  Network: { spec: { cidr: string; options?: string[] }; status: ObjectStatus & { bridge?: string } };
  Node: { spec: { role: string }; status: ObjectStatus & { address?: string } };
}

export interface Bed {
  readonly clock: FakeClock;
  readonly store: Store<Kinds>;
  readonly changes: Change<Kinds>[];
}

export const network = { name: 'k8s-net', spec: { cidr: '192.168.111.0/24' }, hash: 'h1' };
export const node = { name: 'master00', spec: { role: 'master' }, hash: 'n1' };

export function createBed(): Bed {
  const clock = createFakeClock();
  const store = createStore<Kinds>({ clock });
  const changes: Change<Kinds>[] = [];
  store.subscribe((change) => changes.push(change));
  return { clock, store, changes };
}
