import { isTrue, READY } from '../../api/conditions.ts';
import { planNode } from '../../api/node/plan.ts';
import { nextLookMs } from '../../api/node/polling.ts';
import type { NodeAction, Plan } from '../../api/disruption/action.ts';
import { hostKeyOf } from '../../api/node/adopt.ts';
import { primaryEntry } from '../../api/node/desire.ts';
import { entryStatus, nodeConditions } from '../../api/node/status.ts';
import type { ObjectOf } from '../objects.ts';
import type { Reconciler } from '../pass.ts';
import { executeNode } from './execute.ts';
import { observeNode } from './observe.ts';
import type { NodeDeps, NodeExtra } from './deps.ts';
import type { NodeStatus } from '../../api/node/object.ts';

/** Makes each guest and keeps it running: disk, seed, definition, start, and what is seen of it from outside. */
export function createNodeReconciler(deps: NodeDeps): Reconciler<'Node', NodeAction, NodeExtra> {
  return {
    kind: 'Node',
    async look(object, signal) {
      const extra = await observeNode(deps, object, signal);
      const { desired } = extra.desire;
      const plan = planNode(desired, extra.observed);
      const conditions = nodeConditions(desired, extra.observed, plan, extra.probes);
      const ready = isTrue(conditions, READY);
      remember(deps, object.metadata.name, { ...extra, plan, ready });
      const again = nextLookMs(plan.waiting, ready, extra.observed);
      return {
        plan,
        conditions,
        fields: fields(object, extra),
        extra,
        ...(again === undefined ? {} : { again }),
      };
    },
    claim: (action, object) => claim(deps, action, object),
    execute: (action, look, object) => executeNode(deps, action, look.extra, object),
  };
}

/** What disrupts a guest that shall run has its turn among those of its role. */
function claim(deps: NodeDeps, action: NodeAction, { metadata, spec }: ObjectOf<'Node'>): boolean {
  if (action.type === 'StartDomain') return deps.boots.take(metadata.name);
  const disrupts = action.disruption === 'link' || action.disruption === 'restart';
  if (!disrupts || spec.power === 'Stopped' || spec.role === undefined) return true;
  const holder = deps.rollout.holder(spec.role);
  if (holder !== undefined && deps.store.get('Node', holder)?.spec.role !== spec.role)
    deps.rollout.done(holder);
  return deps.rollout.take(spec.role, metadata.name);
}

interface Looked extends NodeExtra {
  readonly plan: Plan<NodeAction>;
  readonly ready: boolean;
}

function remember(deps: NodeDeps, name: string, { observed, plan, ready }: Looked): void {
  const { boots, rollout, attempts } = deps;
  const { domain } = observed;
  const goesDown = plan.waiting?.reason === 'ShuttingDown' || plan.actions.some(stops);
  if (domain?.state === 'running') {
    if (!goesDown) boots.runs(name);
    const pending = plan.pending?.some(({ type }) => type === 'RestartRequired') ?? false;
    if (!pending) attempts.forget(name, 'definition');
  }
  // One that waits for others of its role to move lets them.
  if (plan.waiting?.reason === 'AddressInUse') rollout.done(name);
  if (ready) {
    boots.arrived(name);
    attempts.forget(name, 'address');
    if (!goesDown) rollout.done(name);
  } else if (domain?.state === 'shutoff' || domain?.state === 'crashed') boots.stopped(name);
}

function stops({ type }: NodeAction): boolean {
  return type === 'ShutdownDomain' || type === 'DestroyDomain';
}

function fields(
  object: ObjectOf<'Node'>,
  { networks, observed, probes }: NodeExtra,
): Omit<NodeStatus, 'conditions'> {
  const entry = primaryEntry(object, networks);
  const { leasedAddress } = probes;
  const leased = leasedAddress === undefined ? {} : { address: leasedAddress };
  const hostKey = hostKeyOf(object.spec, observed.domain?.config);
  const { config, live } = observed.domain ?? {};
  return {
    ...(observed.domain === undefined ? {} : { state: observed.domain.state }),
    ...(entry === undefined ? leased : entryStatus(entry)),
    ...(observed.disk.exists ? { disk: observed.disk.path } : {}),
    ...(config === undefined ? {} : { domainType: config.model.type }),
    ...(live === undefined ? {} : { cpus: live.cpus.plugged, memory: live.memory }),
    ...(hostKey === undefined ? {} : { sshHostKey: hostKey }),
  };
}
