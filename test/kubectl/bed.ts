import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KINDS } from '../../src/api/kinds/list.ts';
import type { Client } from '../../src/cli/client.ts';
import { kubeconfig } from '../../src/cli/kubeconfig.ts';
import { createPower } from '../../src/controllers/node/power.ts';
import { silentLogger } from '../../src/engine/logger.ts';
import { createPackageUpdates } from '../../src/controllers/node/package-updates.ts';
import { createApi, type HttpDeps } from '../../src/daemon/http/api.ts';
import { serveTls } from '../../src/daemon/http/servers.ts';
import { ensureServerIdentity, type ServerIdentity } from '../../src/drivers/certificates.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { createEvents, type EventRecorder } from '../../src/engine/events.ts';
import { createMetrics } from '../../src/engine/metrics.ts';
import { createLab, type Bed } from '../controllers/bed.ts';
import { fakePackages } from '../controllers/haproxy-fakes.ts';
import { freePort } from '../free-port.ts';

export interface SecureApi {
  readonly bed: Bed;
  readonly events: EventRecorder;
  readonly deps: HttpDeps;
  readonly identity: ServerIdentity;
  readonly server: string;
  readonly dir: string;
  /** A file as `k8slab kubeconfig` prints it. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** The real API on HTTPS, over a lab in memory with the Nodes named. */
export async function serveSecure(...nodes: readonly string[]): Promise<SecureApi> {
  const dir = await mkdtemp(join(tmpdir(), 'k8slab-api-'));
  const bed = await createLab(...nodes);
  const clock = systemClock();
  const events = createEvents({ clock, firstVersion: clock.now() * 1000 });
  const names = ['localhost', '127.0.0.1'];
  const identity = await ensureServerIdentity({ dir: join(dir, 'api'), names, now: clock.now() });
  const address = `127.0.0.1:${await freePort()}`;
  const server = `https://${address}`;
  const deps: HttpDeps = {
    kinds: KINDS,
    store: bed.store,
    events,
    metrics: createMetrics({ version: '0' }),
    removals: { held: () => [], waiting: () => undefined, confirm: () => undefined },
    health: { unready: () => [], unhealthy: () => [] },
    manifestErrors: () => [],
    exported: () => ({ items: [], notes: [], allow: [] }),
    onError: (where, error) => assert.fail(`${where}: ${error.stack ?? error.message}`),
    clock,
    updates: createPackageUpdates({ store: bed.store, packages: fakePackages(bed.world), clock: bed.clock }),
    plan: () => Promise.resolve([]),
    power: createPower({ ...bed, log: silentLogger(), enqueue: () => undefined }),
    powerPlace: () => undefined,
    kubeconfig: () => ({ server, ca: identity.ca, token: identity.token, name: 'vmhost' }),
  };
  const tls = { current: identity, subscribe: () => () => undefined };
  const running = await serveTls(createApi(deps, 'read', identity.token), address, tls, {
    onError: deps.onError,
    clock,
  });
  const file = join(dir, 'kubeconfig');
  const client = { post: () => Promise.resolve(deps.kubeconfig()) } as unknown as Client;
  await writeFile(file, await kubeconfig(client, {}), { mode: 0o600 });
  return {
    ...{ bed, events, deps, identity, server, dir, kubeconfig: file },
    async close() {
      await running.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
