import { isElsewhere } from '../../api/meta.ts';
import { findCondition, READY } from '../../api/conditions.ts';
import { holdsSlot, type NodeMemory } from '../../api/node/memory.ts';
import { inTheWay, peersInTheWay } from '../../api/node/rollout.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Memory } from '../../engine/memory.ts';
import type { ObjectOf, ObjectStore } from '../objects.ts';

/** Whose turn it is: to boot, and among the guests of a role to be disrupted. Read from the memories and the store. */
export interface Turns {
  /** Whether this guest may start now without too many booting at once. */
  slot(node: string): boolean;
  /** The guest of the role that is being disrupted. */
  holder(role: string): string | undefined;
  /** The guests of its role because of which the Node is not disrupted now, each with why. */
  peers(node: ObjectOf<'Node'>): string[];
  dispose(): void;
}

export interface TurnsDeps {
  readonly store: ObjectStore;
  readonly memory: Memory;
  readonly clock: Clock;
  /** Guests that may boot at the same time. */
  readonly limit: number;
  /** Lets a Node be looked at that waited for its turn. */
  readonly enqueue: (node: string) => void;
}

interface Role {
  /** Guests that are not Ready, each with why. */
  readonly unready: Map<string, string>;
  /** Guests that wait for their turn, the one that waits longest first. */
  readonly waiting: Set<string>;
  /** Those of which a person wants a restart though others are not Ready. */
  readonly insisting: Set<string>;
  holder?: string | undefined;
}

export function createTurns({ store, memory, clock, limit, enqueue }: TurnsDeps): Turns {
  const booting = new Map<string, NodeMemory>();
  const queued = new Set<string>();
  const roles = new Map<string, Role>();
  const roleOf = new Map<string, string>();

  function role(name: string): Role {
    const known = roles.get(name) ?? {
      unready: new Map(),
      waiting: new Set(),
      insisting: new Set(),
    };
    roles.set(name, known);
    return known;
  }

  function freeSlots(): number {
    const now = clock.monotonic();
    return limit - [...booting.values()].filter((each) => holdsSlot(each, now)).length;
  }

  function wakeQueued(): void {
    for (const node of [...queued].slice(0, Math.max(0, freeSlots()))) enqueue(node);
  }

  function wakeRole(name: string | undefined): void {
    const found = name === undefined ? undefined : roles.get(name);
    if (found === undefined || found.holder !== undefined) return;
    const [first] = found.unready.size > 0 ? found.insisting : found.waiting;
    if (first !== undefined) enqueue(first);
  }

  function take(node: ObjectOf<'Node'> | undefined, name: string): void {
    const before = roleOf.get(name);
    if (before !== undefined) {
      roles.get(before)?.unready.delete(name);
      if (node?.spec.role !== before) {
        roles.get(before)?.waiting.delete(name);
        roles.get(before)?.insisting.delete(name);
      }
    }
    const now = node?.spec.role;
    if (node === undefined || now === undefined) roleOf.delete(name);
    else {
      roleOf.set(name, now);
      const why = inTheWay(node);
      if (why !== undefined) role(now).unready.set(name, why);
      keep(role(now).waiting, name, waitsForTurn(node));
    }
    keep(queued, name, node !== undefined && waitsFor(node, 'BootQueued'));
    for (const each of new Set([before, now])) wakeRole(each);
  }

  function recall(name: string, before: NodeMemory | undefined, after: NodeMemory | undefined): void {
    if (after?.bootedAt === undefined) booting.delete(name);
    else booting.set(name, after);
    if (before?.bootedAt !== undefined && after?.bootedAt === undefined) wakeQueued();
    const own = roleOf.get(name);
    if (own !== undefined) keep(role(own).insisting, name, after?.asked?.force === true);
    if (before?.turn === after?.turn) return;
    if (before?.turn !== undefined && role(before.turn).holder === name) role(before.turn).holder = undefined;
    if (after?.turn !== undefined) role(after.turn).holder = name;
    wakeRole(before?.turn);
  }

  for (const node of store.list('Node')) {
    if (isElsewhere(node)) continue;
    take(node, node.metadata.name);
    recall(node.metadata.name, undefined, memory.read(node));
  }
  const unsubscribe = [
    store.subscribe(({ type, object }) => {
      if (object.kind === 'Node' && !isElsewhere(object))
        take(type === 'DELETED' ? undefined : object, object.metadata.name);
    }),
    memory.subscribe(({ kind, name, before, after }) => {
      if (kind === 'Node') recall(name, before, after);
    }),
  ];
  /** One that has another role by now holds up nobody of its old one. */
  function holderOf(name: string): string | undefined {
    const holder = roles.get(name)?.holder;
    return holder !== undefined && roleOf.get(holder) === name ? holder : undefined;
  }

  return {
    slot: (node) => booting.has(node) || freeSlots() > 0,
    holder: holderOf,
    peers({ metadata, spec }) {
      if (spec.role === undefined) return [];
      const { unready } = role(spec.role);
      return peersInTheWay(metadata.name, { unready, holder: holderOf(spec.role) });
    },
    dispose: () => unsubscribe.forEach((each) => each()),
  };
}

/** One that waits already keeps its place. */
function keep(set: Set<string>, name: string, is: boolean): void {
  if (is) set.add(name);
  else set.delete(name);
}

function waitsFor({ status }: ObjectOf<'Node'>, reason: string): boolean {
  return findCondition(status.conditions, READY)?.reason === reason;
}

/** A guest that works waits for its turn too: another condition says so then. */
function waitsForTurn({ status }: ObjectOf<'Node'>): boolean {
  return status.conditions.some(({ reason }) => reason === 'RolloutWaiting');
}
