import type { Plan } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { NodeAction } from './actions.ts';
import { noReturn } from './pending-disk.ts';
import { isBooting, planRestart } from './plan-stop.ts';
import type { AddressHolder, DesiredNode, ObservedAddress, ObservedNode } from './observed.ts';

const RENEW_SECONDS = 20;
const LINK_SECONDS = 40;
/** About how long the guest is without its network; measured, see docs/disruption.md. */
const COSTS = { renew: 3, link: 4 } as const;

/** Makes the wanted addresses free of leases that nobody uses; waits while somebody does. */
export function planRelease({ addresses }: ObservedNode): Plan<NodeAction> {
  const actions = addresses.flatMap(({ network, holder }) =>
    holder?.ours === true && !holder.inUse ? [releaseOf(network, holder)] : [],
  );
  const used = addresses.find(({ holder }) => holder !== undefined && (!holder.ours || holder.inUse));
  return used === undefined ? { actions } : { actions, waiting: addressInUse(used) };
}

function releaseOf(network: string, { ip, mac, clientId }: AddressHolder): NodeAction {
  const lease = { ip, mac, ...(clientId === undefined ? {} : { clientId }) };
  const reason = `${ip} is leased to ${mac}, which no longer uses it`;
  return step('none', reason, { type: 'ReleaseLease', network, lease });
}

function addressInUse({ wanted, holder }: ObservedAddress): Waiting {
  const who = holder?.node === undefined ? 'which k8slab does not know' : `of Node "${holder.node}"`;
  return { reason: 'AddressInUse', message: `${wanted} is leased to ${holder?.mac ?? ''}, ${who}` };
}

/** Makes a running guest take the address that is reserved for it, by the gentlest means that works. */
export function planMove(desired: DesiredNode, observed: ObservedNode): Plan<NodeAction> | undefined {
  const { addresses, tried } = observed;
  const away = addresses.find(isAway) ?? (tried === undefined ? undefined : addresses.find(isLost));
  if (away === undefined) return undefined;
  if (away.found === true) {
    const { leased = '', wanted } = away;
    return waits(
      `the guest uses ${leased} instead of ${wanted}, which others reserved, and is left to renew by itself`,
    );
  }
  const free = away.holder === undefined || stepsAside(desired.name, away);
  const release = free ? { actions: [] } : planRelease(observed);
  if (release.waiting !== undefined) return release;
  const move = planWay(desired, observed, away);
  return { ...move, actions: [...release.actions, ...move.actions] };
}

export function isAway({ leased, wanted, reached }: ObservedAddress): boolean {
  return leased !== undefined && leased !== wanted && !reached;
}

/** Asked to renew, it gave its lease back and got no other. */
function isLost({ leased, reached }: ObservedAddress): boolean {
  return leased === undefined && !reached;
}

/** Of guests that wait for each other's addresses one goes first: dnsmasq gives it a free one meanwhile. */
function stepsAside(name: string, { holder, wantedBy }: ObservedAddress): boolean {
  return holder?.node !== undefined && holder.inUse && wantedBy !== undefined && name < holder.node;
}

function planWay(desired: DesiredNode, observed: ObservedNode, away: ObservedAddress): Plan<NodeAction> {
  const { leased = 'no address', wanted, mac } = away;
  const { tried } = observed;
  const at = away.reachedAt;
  const reason = `the guest uses ${leased} instead of ${wanted}`;
  if (tried === undefined && at !== undefined) {
    const cost = { guests: [desired.name], seconds: COSTS.renew };
    return { actions: [step('link', reason, { type: 'RenewLease', mac, at }, cost)] };
  }
  if (isBooting(observed)) return waits(`${reason}; it is still booting`);
  if (tried?.way === 'renew' && tried.seconds < RENEW_SECONDS)
    return waits(`${reason}; it was asked to renew`);
  if (tried === undefined || tried.way === 'renew') {
    const cost = { guests: [desired.name], seconds: COSTS.link };
    return { actions: [step('link', reason, { type: 'CycleLink', mac }, cost)] };
  }
  if (tried.way === 'link' && tried.seconds < LINK_SECONDS) return waits(`${reason}; its link was cycled`);
  if (tried.way === 'restart') return waits(`${reason}; neither renewing nor a restart helped`);
  const { restart } = desired.spec.policy;
  if (restart === 'Never') return waits(`${reason} until it restarts; policy.restart is ${restart}`);
  const stranded = noReturn(desired, observed);
  if (stranded !== undefined) return waits(`${reason}; ${stranded}`);
  return planRestart(desired, observed, reason);
}

function waits(message: string): Plan<NodeAction> {
  return { actions: [], waiting: { reason: 'OtherAddress', message } };
}
