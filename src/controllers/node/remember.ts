import { isTrue, READY } from '../../api/conditions.ts';
import type { NodeAction } from '../../api/node/actions.ts';
import { explainError } from '../../api/errors.ts';
import {
  answering,
  arrived,
  autostartOwed,
  autostartSeen,
  mended,
  runs,
  startFailed,
  starting,
  stopped,
  stopping,
  tidied,
  tried,
  turnDone,
  turnTaken,
  unasked,
  type NodeMemory,
} from '../../api/node/memory.ts';
import { isAdopted } from '../../api/node/adopt.ts';
import { isAway } from '../../api/node/plan-address.ts';
import { definitionHash } from '../../api/node/render-domain-over.ts';
import type { NodeSpec } from '../../api/node/spec.ts';
import { aboutAddress } from './addresses.ts';
import type { NodeExtra } from './deps.ts';
import type { PassEvent } from '../reconciler.ts';

type Event = PassEvent<'Node', NodeAction, NodeExtra>;

/** What is remembered of a Node's guest after an event of a pass. @param now monotonic milliseconds */
export function rememberNode(memory: NodeMemory = {}, event: Event, now: number): NodeMemory {
  switch (event.type) {
    case 'looked':
      return looked(memory, event);
    case 'executing':
      return executing(memory, event, now);
    case 'failed':
      if (event.action.type !== 'StartDomain') return memory;
      return startFailed(memory, explainError(event.error), now);
    case 'executed':
      return memory;
  }
}

function looked(memory: NodeMemory, { look, object }: Event): NodeMemory {
  const { plan, conditions, extra } = look;
  const state = extra.observed.domain?.state;
  const ready = isTrue(conditions, READY);
  const goesDown = plan.waiting?.reason === 'ShuttingDown' || plan.actions.some(stops);
  const off = state === 'shutoff' || state === 'crashed';
  let next = withAutostart(memory, extra);
  if (object.spec.power === 'Stopped') next = unasked(next);
  next = answering(next, { on: state === 'running', off });
  if (extra.observed.leftover === false) next = tidied(next);
  if (state === 'running') {
    if (!goesDown) next = runs(next);
    if (plan.pending?.some(({ type }) => type === 'RestartRequired') !== true)
      next = mended(next, 'definition');
  }
  // One that waits for others of its role to move lets them.
  if (plan.waiting?.reason === 'AddressInUse') next = turnDone(next);
  if (ready) {
    next = mended(arrived(next), 'address');
    return goesDown ? next : turnDone(next);
  }
  return off ? stopped(next) : next;
}

function withAutostart(memory: NodeMemory, { observed: { domain } }: NodeExtra): NodeMemory {
  if (domain?.config.model.mark?.adopted !== true || domain.transient === true) return memory;
  return autostartSeen(memory, domain.autostart === true);
}

function stops({ type }: NodeAction): boolean {
  return type === 'ShutdownDomain' || type === 'DestroyDomain';
}

/** Known before it is done, so that what follows from it is no surprise to anybody. */
function executing(
  memory: NodeMemory,
  event: Extract<Event, { action: NodeAction }>,
  now: number,
): NodeMemory {
  const { action, object, look } = event;
  const role = turnOf(action, object.spec);
  const next = role === undefined ? memory : turnTaken(memory, role);
  const { addresses, domain } = look.extra.observed;
  const about = aboutAddress(addresses);
  switch (action.type) {
    case 'StartDomain':
      return starting(next, now);
    case 'DefineDomain':
      return action.autostart === true && isAdopted(object.spec, domain?.config) ? autostartOwed(next) : next;
    case 'ShutdownDomain':
      return stopping(object.spec.power === 'Running' ? restarting(next, event, now) : next, now);
    // A try that fails counts as one: the next means is due then.
    case 'RenewLease':
      return tried(next, 'address', { way: 'renew', about, at: now });
    case 'CycleLink':
      return tried(next, 'address', { way: 'link', about, at: now });
    default:
      return next;
  }
}

function restarting(memory: NodeMemory, { look }: Event, now: number): NodeMemory {
  const { desire, observed } = look.extra;
  const { definition } = desire.desired;
  let next = memory;
  if (definition !== undefined)
    next = tried(next, 'definition', { way: 'restart', about: definitionHash(definition), at: now });
  if (observed.addresses.some(isAway))
    next = tried(next, 'address', { way: 'restart', about: aboutAddress(observed.addresses), at: now });
  return next;
}

/** The role among whose guests the action needs its turn; undefined: it needs none. */
export function turnOf(
  { disruption }: Pick<NodeAction, 'disruption'>,
  { power, role }: Pick<NodeSpec, 'power' | 'role'>,
): string | undefined {
  const disrupts = disruption === 'link' || disruption === 'restart';
  return disrupts && power === 'Running' ? role : undefined;
}
