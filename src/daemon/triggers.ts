import { isTrue, READY } from '../api/conditions.ts';
import { isRemoved, type Kind } from '../api/meta.ts';
import type { KindMap } from '../api/objects.ts';
import type { AnyObject, Change } from '../engine/store.ts';
import type { ObjectStore } from '../controllers/objects.ts';

/** "Look again" at an object; dropping one delays convergence and never prevents it. */
export type Enqueue = (kind: Kind, name: string) => void;

/** Which objects a change of another one concerns. */
export function enqueueDependents(store: ObjectStore, change: Change<KindMap>, enqueue: Enqueue): void {
  const { object, type, specChanged } = change;
  const { kind } = object;
  const { name } = object.metadata;
  if (specChanged && type !== 'DELETED') enqueue(kind, name);
  if (kind === 'Node') concernNode(store, change, enqueue);
  else concernNodes(store, object, enqueue);
  if (kind === 'Node' || kind === 'Network') {
    for (const host of store.list('Host')) enqueue('Host', host.metadata.name);
  }
  if (kind === 'Node' && type === 'DELETED') enqueueRemoved(store, enqueue);
}

/** Networks and Images whose manifest is gone: what they wait for may have ended. */
export function enqueueRemoved(store: ObjectStore, enqueue: Enqueue): void {
  for (const object of [...store.list('Network'), ...store.list('Image')]) {
    if (isRemoved(object)) enqueue(object.kind, object.metadata.name);
  }
}

function concernNode(
  store: ObjectStore,
  { object, previous, specChanged }: Change<KindMap>,
  enqueue: Enqueue,
): void {
  const named = [object, previous].flatMap((node) =>
    node?.kind === 'Node' ? node.spec.networks.map(({ network }) => network) : [],
  );
  if (specChanged) for (const network of new Set(named)) enqueue('Network', network);
  const arrived = isReady(object) && previous !== undefined && !isReady(previous);
  for (const node of store.list('Node')) {
    const clones = node.spec.disk.cloneOf === object.metadata.name;
    if (clones || (arrived && waitsForTurn(node))) enqueue('Node', node.metadata.name);
  }
}

function isReady({ status }: AnyObject<KindMap>): boolean {
  return isTrue(status.conditions, READY);
}

function waitsForTurn({ status }: AnyObject<KindMap>): boolean {
  return status.conditions.some(({ reason }) => reason === 'RolloutWaiting');
}

function concernNodes(store: ObjectStore, object: AnyObject<KindMap>, enqueue: Enqueue): void {
  const { name } = object.metadata;
  for (const node of store.list('Node')) {
    const { networks, disk } = node.spec;
    const concerned =
      object.kind === 'Host' ||
      (object.kind === 'Network' && networks.some(({ network }) => network === name)) ||
      (object.kind === 'Image' && disk.image === name);
    if (concerned) enqueue('Node', node.metadata.name);
  }
}

export function enqueueAll(store: ObjectStore, enqueue: Enqueue): void {
  for (const { kind, metadata } of store.all()) enqueue(kind, metadata.name);
}
