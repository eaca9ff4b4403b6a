import { step, type NodeAction, type Plan, type Waiting } from './action.ts';
import { restartFields } from './node-definition.ts';
import type { DesiredNode, ObservedNode } from './node-types.ts';

/** Guests miss the request while they boot: it is repeated. */
const ASK_AGAIN_SECONDS = 30;
/** A guest that boots would miss the request to shut down; one that takes longer is past that. */
export const BOOT_SECONDS = 300;
/** What a restart costs a guest of its own time, about. */
const RESTART_SECONDS = 60;

/** Asks the guest to shut down, again after a while, and pulls the plug when its time is over. */
export function planStop(desired: DesiredNode, observed: ObservedNode, reason: string): Plan<NodeAction> {
  const state = observed.domain?.state;
  if (state === 'shutoff' || state === 'crashed') return { actions: [] };
  const cost = { guests: [desired.name] };
  const { stoppingSeconds, downSeconds = 0 } = observed;
  if (stoppingSeconds !== undefined && downSeconds >= desired.stopSeconds) {
    const late = `the guest did not shut down in ${desired.stopSeconds} s; ${reason}`;
    return { actions: [step('restart', late, { type: 'DestroyDomain' }, cost)] };
  }
  if (state === 'inshutdown' || (stoppingSeconds !== undefined && stoppingSeconds < ASK_AGAIN_SECONDS)) {
    const message = `the guest was asked to shut down and is ${state ?? 'unknown'}; ${reason}`;
    return { actions: [], waiting: { reason: 'ShuttingDown', message } };
  }
  return { actions: [step('restart', reason, { type: 'ShutdownDomain' }, cost)] };
}

/** Shuts a guest down that shall run: it is started again as soon as it is off. */
export function planRestart(desired: DesiredNode, observed: ObservedNode, reason: string): Plan<NodeAction> {
  const { actions, ...rest } = planStop(desired, observed, reason);
  return { ...rest, actions: actions.map((action) => ({ ...action, seconds: RESTART_SECONDS })) };
}

/** What the definition has and the running guest has not: applied by a restart where the policy allows it. */
export function planPendingRestart(
  desired: DesiredNode,
  observed: ObservedNode,
): Plan<NodeAction> | undefined {
  const fields = restartFields(desired, observed);
  if (fields.length === 0) return undefined;
  const reason = `takes effect when the guest restarts: ${fields.join(', ')}`;
  const required = { reason: 'RestartRequired', message: reason };
  const { restart } = desired.spec.policy;
  if (restart !== 'OnAnyChange') {
    const message = `${reason}; policy.restart is ${restart}`;
    return { actions: [], waiting: { ...required, message } };
  }
  if (observed.restartedSeconds !== undefined) {
    const message = `${reason}; a restart did not help`;
    return { actions: [], waiting: { ...required, message } };
  }
  if (isBooting(observed)) {
    return { actions: [], waiting: { ...required, message: `${reason}; the guest is still booting` } };
  }
  return planRestart(desired, observed, reason);
}

export function isBooting({ bootingSeconds }: ObservedNode): boolean {
  return bootingSeconds !== undefined && bootingSeconds < BOOT_SECONDS;
}

const DISRUPTIVE = new Set(['link', 'restart']);

/** Lets a plan that disrupts go only while all other guests of the role are Ready. */
export function gated(plan: Plan<NodeAction>, { peers }: ObservedNode): Plan<NodeAction> {
  const disruptive = plan.actions.filter(({ disruption }) => DISRUPTIVE.has(disruption));
  if (peers.length === 0 || disruptive.length === 0) return plan;
  const message = `one guest of a role at a time: ${peers.join(', ')}`;
  const waiting: Waiting = { reason: 'RolloutWaiting', message };
  const actions = plan.actions.filter((action) => !disruptive.includes(action));
  return { actions, waiting, later: [...disruptive, ...(plan.later ?? [])] };
}
