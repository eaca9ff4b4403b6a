import type { NodeDesire } from '../../api/node/desire.ts';
import { lastTry, recall, type NodeMemory } from '../../api/node/memory.ts';
import type { ObservedNode } from '../../api/node/observed.ts';
import { definitionHash } from '../../api/node/render-domain-over.ts';
import { aboutAddress, type LeasedAddress } from './addresses.ts';
import type { NodeDeps } from './deps.ts';
import type { ObjectOf } from '../objects.ts';

/** How far it is on its way up or down, and who of its role is in the way. */
export function observeProgress(
  { turns, clock }: NodeDeps,
  object: ObjectOf<'Node'>,
  memory: NodeMemory,
): Pick<ObservedNode, 'bootSlot' | 'startBackoffSeconds' | 'ran' | 'peers'> & Partial<ObservedNode> {
  const { role } = object.spec;
  const holder = role === undefined ? undefined : turns.holder(role);
  return {
    bootSlot: turns.slot(object.metadata.name),
    peers: turns.peers(object),
    ...(holder === undefined || holder === object.metadata.name ? {} : { changing: holder }),
    ...recall(memory, clock.monotonic()),
  };
}

/** What was tried already, so that the next means is due. */
export function observeTries(
  { clock }: NodeDeps,
  memory: NodeMemory,
  leases: readonly LeasedAddress[],
  { desired: { definition } }: NodeDesire,
): Pick<ObservedNode, 'tried' | 'restartedSeconds'> {
  const now = clock.monotonic();
  // One that lost its lease on the way is still on it.
  const lost = leases.some(({ leased }) => leased === undefined);
  const tried = lastTry(memory, 'address', { about: lost ? undefined : aboutAddress(leases), now });
  const restarted = definition && lastTry(memory, 'definition', { about: definitionHash(definition), now });
  return {
    ...(tried === undefined ? {} : { tried }),
    ...(restarted === undefined ? {} : { restartedSeconds: restarted.seconds }),
  };
}
