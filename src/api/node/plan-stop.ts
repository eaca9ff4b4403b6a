import type { Plan } from '../disruption/action.ts';
import { step, type Step } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { NodeAction } from './actions.ts';
import { noReturn } from './pending-disk.ts';
import type { DesiredNode, DomainState, ObservedNode } from './observed.ts';
import { beingChanged } from './rollout.ts';

/** Guests miss the request while they boot: it is repeated. */
const ASK_AGAIN_SECONDS = 10;
/** A guest that boots would miss the request to shut down; one that takes longer is past that. */
const BOOT_SECONDS = 300;
/** What a restart costs a guest, about; measured, see docs/disruption.md. */
const RESTART_SECONDS = 25;

/** A guest that is on, and since when it was asked to go. */
export interface Stopping {
  readonly name: string;
  readonly state: DomainState;
  /** How long it may take. */
  readonly stopSeconds: number;
  /** Since it was last asked to shut down; undefined when it was not. */
  readonly stoppingSeconds?: number;
  /** Since it was first asked to. */
  readonly downSeconds?: number;
}

type StopAction = Step & { readonly type: 'ShutdownDomain' | 'DestroyDomain' };

/** Asks a guest to shut down, again after a while, and pulls the plug when its time is over. */
export function planStop(guest: Stopping, reason: string, seconds?: number): Plan<StopAction> {
  const { name, state, stopSeconds, stoppingSeconds, downSeconds = 0 } = guest;
  const cost = { guests: [name], ...(seconds === undefined ? {} : { seconds }) };
  if (state === 'crashed' || (stoppingSeconds !== undefined && downSeconds >= stopSeconds)) {
    const why = state === 'crashed' ? 'the guest crashed' : `the guest did not shut down in ${stopSeconds} s`;
    return { actions: [step('restart', `${why}; ${reason}`, { type: 'DestroyDomain' as const }, cost)] };
  }
  if (state === 'inshutdown' || (stoppingSeconds !== undefined && stoppingSeconds < ASK_AGAIN_SECONDS)) {
    const message = `the guest was asked to shut down and is ${state}; after ${stopSeconds} s its plug is pulled; ${reason}`;
    return { actions: [], waiting: { reason: 'ShuttingDown', message } };
  }
  return { actions: [step('restart', reason, { type: 'ShutdownDomain' as const }, cost)] };
}

/** Shuts a Node's guest down, if it is on. */
export function planPowerOff(
  desired: DesiredNode,
  observed: ObservedNode,
  reason: string,
  seconds?: number,
): Plan<NodeAction> {
  const { domain, stoppingSeconds, downSeconds } = observed;
  if (domain === undefined || domain.state === 'shutoff' || domain.state === 'crashed')
    return { actions: [] };
  const guest: Stopping = {
    name: desired.name,
    state: domain.state,
    stopSeconds: desired.stopSeconds,
    ...(stoppingSeconds === undefined ? {} : { stoppingSeconds }),
    ...(downSeconds === undefined ? {} : { downSeconds }),
  };
  return planStop(guest, reason, seconds);
}

/** Shuts a guest down that shall run: it is started again as soon as it is off. */
export function planRestart(desired: DesiredNode, observed: ObservedNode, reason: string): Plan<NodeAction> {
  return planPowerOff(desired, observed, reason, RESTART_SECONDS);
}

/** What the definition has and the running guest has not: applied by a restart where the policy allows it. */
export function planPendingRestart(
  desired: DesiredNode,
  observed: ObservedNode,
  fields: readonly string[],
): Plan<NodeAction> | undefined {
  if (fields.length === 0) return undefined;
  const reason = `takes effect when the guest restarts: ${fields.join(', ')}`;
  const required: Waiting = { reason: 'RestartRequired', message: reason };
  const { restart } = desired.spec.policy;
  if (restart !== 'OnAnyChange') {
    const message = `${reason}; policy.restart is ${restart}; to bring it about: k8slab restart ${desired.name}`;
    return { actions: [], waiting: { ...required, message } };
  }
  if (observed.restartedSeconds !== undefined) {
    const message = `${reason}; a restart did not help`;
    return { actions: [], waiting: { ...required, message } };
  }
  const stranded = noReturn(desired, observed);
  if (stranded !== undefined)
    return { actions: [], waiting: { ...required, message: `${reason}; ${stranded}` } };
  if (isBooting(observed)) {
    return { actions: [], waiting: { ...required, message: `${reason}; the guest is still booting` } };
  }
  return planRestart(desired, observed, reason);
}

export const ASKED_RESTART = 'a person asked for a restart';

/** What a person asked for, whatever the policy says. */
export function planAskedRestart(desired: DesiredNode, observed: ObservedNode): Plan<NodeAction> | undefined {
  if (observed.asked?.verb !== 'restart') return undefined;
  const stranded = noReturn(desired, observed);
  if (stranded === undefined) return planRestart(desired, observed, ASKED_RESTART);
  const message = `${ASKED_RESTART}; ${stranded}`;
  return { actions: [], waiting: { reason: 'RestartRefused', message } };
}

export function isBooting({ bootingSeconds }: ObservedNode): boolean {
  return bootingSeconds !== undefined && bootingSeconds < BOOT_SECONDS;
}

const DISRUPTIVE = new Set(['link', 'restart']);

/**
 * Lets a plan that disrupts go only while all other guests of the role are Ready; one that a person insists on while
 * none of them is being disrupted.
 */
export function gated(plan: Plan<NodeAction>, observed: ObservedNode): Plan<NodeAction> {
  const { asked, changing } = observed;
  const insists = asked?.force === true;
  const peers = insists ? (changing === undefined ? [] : [beingChanged(changing)]) : observed.peers;
  const disruptive = plan.actions.filter(({ disruption }) => DISRUPTIVE.has(disruption));
  if (peers.length === 0 || disruptive.length === 0) return plan;
  const message = `one guest of a role at a time: ${peers.join(', ')}`;
  const waiting: Waiting = { reason: 'RolloutWaiting', message };
  const actions = plan.actions.filter((action) => !disruptive.includes(action));
  return { actions, waiting, later: [...disruptive, ...(plan.later ?? [])] };
}
