import type { NodeDesire } from '../../api/node/desire.ts';
import type { ObservedNode } from '../../api/node/observed.ts';
import { peersInTheWay } from '../../api/node/rollout.ts';
import { definitionHash } from '../../api/node/render-domain-over.ts';
import { aboutAddress, type LeasedAddress } from './addresses.ts';
import type { NodeDeps } from './deps.ts';
import type { ObjectOf } from '../objects.ts';

/** How far it is on its way up or down, and who of its role is in the way. */
export function observeProgress(
  { boots, store, rollout }: NodeDeps,
  object: ObjectOf<'Node'>,
): Pick<ObservedNode, 'bootSlot' | 'startBackoffSeconds' | 'ran' | 'peers'> & Partial<ObservedNode> {
  const { name } = object.metadata;
  const since = {
    stoppingSeconds: boots.stoppingSeconds(name),
    downSeconds: boots.downSeconds(name),
    bootingSeconds: boots.bootingSeconds(name),
  };
  const defined = Object.entries(since).filter(([, seconds]) => seconds !== undefined);
  return {
    bootSlot: boots.slot(name),
    startBackoffSeconds: boots.backoffSeconds(name),
    ran: boots.ran(name),
    peers: peersInTheWay(object, store.list('Node'), rollout.holder(object.spec.role ?? '')),
    ...Object.fromEntries(defined),
  };
}

/** What was tried already, so that the next means is due. */
export function observeTries(
  { attempts }: NodeDeps,
  name: string,
  leases: readonly LeasedAddress[],
  { desired: { definition } }: NodeDesire,
): Pick<ObservedNode, 'tried' | 'restartedSeconds'> {
  // One that lost its lease on the way is still on it.
  const lost = leases.some(({ leased }) => leased === undefined);
  const tried = attempts.last(name, 'address', lost ? undefined : aboutAddress(leases));
  const restarted =
    definition === undefined ? undefined : attempts.last(name, 'definition', definitionHash(definition));
  return {
    ...(tried === undefined ? {} : { tried }),
    ...(restarted === undefined ? {} : { restartedSeconds: restarted.seconds }),
  };
}
