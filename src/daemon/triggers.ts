import { isDeepStrictEqual } from 'node:util';
import { findCondition, isTrue, READY, SYNCED } from '../api/conditions.ts';
import { isRemoved, type Kind } from '../api/meta.ts';
import type { AnyObject, Change } from '../engine/store.ts';
import type { ObjectOf, ObjectStore } from '../controllers/objects.ts';
import type { KindMap } from '../api/meta.ts';

/** "Look again" at an object; dropping one delays convergence and never prevents it. */
export type Enqueue = (kind: Kind, name: string, delayMs?: number) => void;

/** Nodes that move together are told one by one: one reload for all of them. */
const SETTLE_MS = 300;

/** Which objects a change of another one concerns. */
export function enqueueDependents(store: ObjectStore, change: Change<KindMap>, enqueue: Enqueue): void {
  const { object, type, specChanged } = change;
  const { kind } = object;
  const { name } = object.metadata;
  if (specChanged && type !== 'DELETED') enqueue(kind, name);
  if (kind === 'Node') concernNode(store, change, enqueue);
  else if (kind !== 'LoadBalancer') concernNodes(store, object, enqueue);
  if (concernsServers(change)) {
    for (const { metadata } of store.list('LoadBalancer')) enqueue('LoadBalancer', metadata.name, SETTLE_MS);
  }
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

/** Whether the servers behind a LoadBalancer, or how its guest is reached, may be others now. */
function concernsServers({ object, previous, specChanged }: Change<KindMap>): boolean {
  if (object.kind === 'Network') {
    const before = previous?.kind === 'Network' ? previous.status : undefined;
    const looked = before?.observedGeneration !== undefined;
    return specChanged || !looked || !isDeepStrictEqual(before.entries, object.status.entries);
  }
  if (object.kind !== 'Node') return false;
  const before = previous?.kind === 'Node' ? previous : undefined;
  return specChanged || !isDeepStrictEqual(serverSide(before), serverSide(object));
}

const SERVER_SIDE = [READY, SYNCED, 'AddressBound', 'SSHReachable', 'CloudInitDone'];

function serverSide(node: ObjectOf<'Node'> | undefined): unknown {
  if (node === undefined) return undefined;
  const { conditions, address, sshHostKey, state, observedGeneration } = node.status;
  const seen = SERVER_SIDE.map((type) => findCondition(conditions, type)).map((found) => [
    found?.status,
    // Which step of booting a guest is at concerns nobody behind it.
    found?.type === 'SSHReachable' ? found.reason : undefined,
  ]);
  return [node.metadata.labels, seen, address, sshHostKey, state, observedGeneration];
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
