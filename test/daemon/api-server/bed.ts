import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kind } from '../../../src/api/meta.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { systemClock } from '../../../src/engine/clock.ts';
import type { FakeApiServer } from '../../kube/fake.ts';
import { startLoaded, type LoadedDaemon } from '../../load/daemon.ts';

export const BINDING = { manager: 'k8slab-scheduler' };

export async function until(
  what: string,
  ask: () => boolean | undefined | Promise<boolean>,
  told: () => unknown = () => '',
): Promise<void> {
  const since = performance.now();
  while ((await ask()) !== true) {
    assert.ok(performance.now() - since < 20_000, `${what}: ${JSON.stringify(told())}`);
    await sleep(20);
  }
}

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

export function start(
  server: FakeApiServer,
  name: string,
  machineID = name.padEnd(32, '0'),
  vmhost?: LoadedDaemon,
): Promise<LoadedDaemon> {
  return startLoaded({
    clock: systemClock(),
    prepare: () => Promise.resolve(),
    ...(vmhost === undefined ? {} : { vmhost }),
    shared: { name, kube: server.client(name), machine: { machineID, bootID: 'b' } },
  });
}
