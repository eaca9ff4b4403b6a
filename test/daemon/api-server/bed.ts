import type { Kind } from '../../../src/api/meta.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { createFakeApiServer, type FakeApiServer, type FakeApiServerOptions } from '../../kube/fake.ts';
import type { LoadOptions } from '../../load/daemon.ts';
import { createDaemons, type Daemons } from '../../load/daemons.ts';

export const BINDING = { manager: 'k8slab-scheduler' };

export function put(server: FakeApiServer, text: string): void {
  const { kind, metadata, spec } = JSON.parse(text) as {
    kind: Kind;
    metadata: { name: string };
    spec: object;
  };
  server.put({ kind, metadata, spec });
}

export function status(server: FakeApiServer, kind: Kind, name: string): Record<string, unknown> {
  return (server.get({ kind, name })?.status ?? {}) as Record<string, unknown>;
}

export function ready(server: FakeApiServer, kind: Kind, name: string): string | undefined {
  const conditions = (status(server, kind, name)['conditions'] ?? []) as { type: string; status: string }[];
  return conditions.find(({ type }) => type === 'Ready')?.status;
}

export function finalizers(object: KubeObject | undefined): readonly string[] {
  return object?.metadata.finalizers ?? [];
}

export function condition(
  server: FakeApiServer,
  kind: Kind,
  name: string,
  type: string,
): Record<string, unknown> | undefined {
  const conditions = (status(server, kind, name)['conditions'] ?? []) as Record<string, unknown>[];
  return conditions.find((each) => each['type'] === type);
}

/** Daemons, and the API server that they share. */
export interface Bed extends Daemons {
  readonly server: FakeApiServer;
}

export function createBed(options: FakeApiServerOptions = {}): Bed {
  const daemons = createDaemons();
  return { ...daemons, server: createFakeApiServer({ now: () => daemons.clock.now(), ...options }) };
}

/** What a daemon is started with that takes part in an API server. */
export function sharing(
  server: FakeApiServer,
  name: string,
  machineID = name.padEnd(32, '0'),
): Pick<LoadOptions, 'shared'> {
  return { shared: { name, kube: server.client(name), machine: { machineID, bootID: 'b' } } };
}
