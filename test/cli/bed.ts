import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { ObjectRef } from '../../src/api/meta.ts';
import type { Exported } from '../../src/api/placement/export.ts';
import type { PlannedObject } from '../../src/api/disruption/action.ts';
import { createClient, type WatchingClient } from '../../src/cli/client.ts';
import { createApi, type HttpDeps, type Kubeconfig } from '../../src/daemon/http/api.ts';
import { serveSocket, type RunningServer } from '../../src/daemon/http/servers.ts';
import { createPackageUpdates } from '../../src/controllers/node/package-updates.ts';
import { createPower } from '../../src/controllers/node/power.ts';
import { silentLogger } from '../../src/engine/logger.ts';
import { createEvents, type EventRecorder } from '../../src/engine/events.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { createMetrics } from '../../src/engine/metrics.ts';
import { createLab, type Bed } from '../controllers/bed.ts';
import { fakePackages } from '../controllers/haproxy-fakes.ts';
import { KINDS } from '../../src/api/kinds/list.ts';

export interface Served {
  readonly bed: Bed;
  readonly socket: string;
  readonly client: WatchingClient;
  readonly events: EventRecorder;
  /** What the daemon answers to `plan`, and the files it was asked about. */
  planned: readonly PlannedObject[];
  /** What it answers to `export`. */
  exported: Exported;
  /** Objects whose removal waits to be confirmed; those that are confirmed are among `asked`. */
  held: readonly ObjectRef[];
  readonly asked: unknown[];
  kubeconfig: Kubeconfig | undefined;
  close(): Promise<void>;
}

function serve(app: Hono, path: string): Promise<RunningServer> {
  return serveSocket(app, path, { mode: 0o600 }, { onError: () => undefined, clock: systemClock() });
}

/** The real API on its two real sockets, over a lab in memory with the Nodes a and b. */
export async function serveLab(): Promise<Served> {
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-cli-'));
  const socket = join(dir, 'k8slab.sock');
  const bed = await createLab('a', 'b');
  const events = createEvents({ clock: bed.clock });
  const deps: HttpDeps = {
    kinds: KINDS,
    store: bed.store,
    events,
    metrics: createMetrics({ version: '0' }),
    removals: {
      held: () => served.held,
      waiting: (kind, name) => ({ reason: 'RemovalHeld', message: `${kind}/${name} has no manifest` }),
      confirm: (refs) => void served.asked.push(refs),
    },
    health: { unready: () => [], unhealthy: () => [] },
    manifestErrors: () => [],
    onError: (where, error) => assert.fail(`${where}: ${error.message}`),
    kubeconfig: () => served.kubeconfig,
    clock: bed.clock,
    exported: () => served.exported,
    updates: createPackageUpdates({
      store: bed.store,
      packages: fakePackages(bed.world),
      clock: bed.clock,
    }),
    power: createPower({
      ...bed,
      log: silentLogger(),
      enqueue: (node) => void served.asked.push(node),
    }),
    powerPlace: (node) => `/etc/k8slab.d/${node}.yaml:5`,
    plan(files, only) {
      served.asked.push({ ...(files && { files }), ...(only === undefined ? {} : { only }) });
      return Promise.resolve(served.planned);
    },
  };
  const running = await Promise.all([
    serve(createApi(deps, 'read'), socket),
    serve(createApi(deps, 'admin'), join(dir, 'admin.sock')),
  ]);
  const served: Served = {
    bed,
    socket,
    client: createClient(socket),
    events,
    planned: [],
    exported: { items: [], notes: [], allow: [] },
    held: [],
    asked: [],
    kubeconfig: undefined,
    async close() {
      for (const server of running) await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return served;
}
