import { isTrue, READY } from '../../api/conditions.ts';
import { planNode } from '../../api/node/plan.ts';
import { nextLookMs } from '../../api/node/polling.ts';
import type { NodeAction } from '../../api/node/actions.ts';
import { hostKeyOf } from '../../api/node/adopt.ts';
import { primaryEntry } from '../../api/node/desire.ts';
import { entryStatus, nodeConditions } from '../../api/node/status.ts';
import type { ObjectOf } from '../objects.ts';
import type { Reconciler } from '../reconciler.ts';
import { executeNode } from './execute.ts';
import { observeNode } from './observe.ts';
import { rememberNode, turnOf } from './remember.ts';
import type { NodeDeps, NodeExtra } from './deps.ts';
import type { NodeStatus } from '../../api/node/object.ts';

/** Makes each guest and keeps it running: disk, seed, definition, start, and what is seen of it from outside. */
export function createNodeReconciler(deps: NodeDeps): Reconciler<'Node', NodeAction, NodeExtra> {
  return {
    kind: 'Node',
    async look(object, context) {
      const extra = await observeNode(deps, object, context);
      const { desired } = extra.desire;
      const plan = planNode(desired, extra.observed);
      const conditions = nodeConditions(desired, extra.observed, plan, extra.probes);
      const ready = isTrue(conditions, READY);
      const again = nextLookMs(plan.waiting, ready, extra.observed);
      return {
        plan,
        conditions,
        fields: { ...fields(object, extra), ...(deps.vmhost === undefined ? {} : { vmhost: deps.vmhost }) },
        extra,
        ...(again === undefined ? {} : { again }),
      };
    },
    mayBegin: (action, object) => mayBegin(deps, action, object),
    remember: (memory, event) => rememberNode(memory, event, deps.clock.monotonic()),
    execute: (action, look, object) => executeNode(deps, action, look.extra, object),
  };
}

/** What disrupts a guest that shall run has its turn among those of its role. */
function mayBegin({ turns }: NodeDeps, action: NodeAction, { metadata, spec }: ObjectOf<'Node'>): boolean {
  if (action.type === 'StartDomain') return turns.slot(metadata.name);
  const role = turnOf(action, spec);
  return role === undefined || (turns.holder(role) ?? metadata.name) === metadata.name;
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
