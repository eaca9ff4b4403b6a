import { explainError } from '../../api/errors.ts';
import { KINDS } from '../../api/kinds/list.ts';
import type { DaemonConfig } from '../../api/daemon-config.ts';
import { manifestTrouble } from '../../api/manifest/notes.ts';
import { fieldPlace } from '../../api/manifest/snapshot.ts';
import { drainOf, nodesOn } from '../../api/placement/drain.ts';
import { createPackageUpdates } from '../../controllers/node/package-updates.ts';
import { createPower } from '../../controllers/node/power.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Logger } from '../../engine/logger.ts';
import { stackOf } from '../../engine/stack.ts';
import type { ApiServer } from '../api-server/open.ts';
import { exportVmhost } from '../export.ts';
import { vmhostName } from '../vmhost-name.ts';
import { loggedUpdates } from '../logged-updates.ts';
import type { Parts } from '../parts.ts';
import { createPlans } from '../plans.ts';
import type { HttpDeps } from './api.ts';
import type { VmhostSpecs } from './vmhosts.ts';

export interface HttpOptions {
  readonly config: DaemonConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

const POWER = ['spec', 'power'] as const;

/** What the servers of a daemon show of it. */
export function httpDeps({ config, clock, log }: HttpOptions, parts: Parts): Omit<HttpDeps, 'kubeconfig'> {
  const { store, events, metrics, health, removals, drivers, memory } = parts;
  return {
    kinds: KINDS,
    store,
    removals,
    events,
    metrics,
    clock,
    updates: loggedUpdates(createPackageUpdates({ store, packages: drivers.packages, clock }), {
      log,
      recorder: events,
      store,
    }),
    power: createPower({
      ...{ store, memory, clock, log, recorder: events },
      enqueue: (node) => parts.enqueue('Node', node, undefined, 'edit'),
    }),
    powerPlace: (node) => fieldPlace(parts.manifests.snapshot(), { kind: 'Node', name: node }, POWER),
    health,
    ...(parts.apiServer === undefined ? {} : { vmhosts: vmhostSpecs(parts.apiServer, parts, config) }),
    onError: (where, error) =>
      log.error(
        { where, why: explainError(error), stack: stackOf(error) },
        'a server had an error and goes on',
      ),
    manifestErrors: () => parts.manifests.snapshot().errors.map(manifestTrouble),
    exported: () => exportVmhost({ ...parts, config }),
    ...createPlans(parts, config, clock),
  };
}

function vmhostSpecs(
  { vmhosts }: ApiServer,
  { manifests }: Pick<Parts, 'manifests'>,
  config: DaemonConfig,
): VmhostSpecs {
  const own = vmhostName(config);
  return { ...vmhosts, drain: (name) => drainOf(nodesOn(name, manifests.snapshot().objects, own)) };
}
