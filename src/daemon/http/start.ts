import { hostname } from 'node:os';
import { join } from 'node:path';
import type { DaemonConfig } from '../../api/daemon-config.ts';
import { explainError, toError } from '../../api/errors.ts';
import { ensureServerIdentity, type ServerIdentity } from '../../drivers/certificates.ts';
import { groupId } from '../../drivers/groups.ts';
import type { Clock, Timer } from '../../engine/clock.ts';
import type { Logger } from '../../engine/logger.ts';
import type { Releasers } from '../../engine/releasers.ts';
import { createApi, createProbeApp, type HttpDeps, type KubeconfigSource } from './api.ts';
import { serveSocket, serveTcp, serveTls, type ServerDeps, type TlsPair } from './servers.ts';

/** Members may look without being root. */
const GROUP = 'k8slab';
const RENEW_MS = 12 * 3600 * 1000;

export interface StartDeps {
  readonly config: DaemonConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The socket of who only looks; it is also what keeps a second daemon from starting. */
export function socketIn(runtime: string): string {
  return join(runtime, 'k8slab.sock');
}

/** The sockets, the port of probes, and the API on HTTPS where the configuration has it. */
export async function startServers(
  http: Omit<HttpDeps, 'kubeconfig'>,
  deps: StartDeps,
  releasers: Releasers,
): Promise<void> {
  const { config } = deps;
  const server = { clock: deps.clock, onError: http.onError };
  let secured: KubeconfigSource | undefined;
  const whole = { ...http, kubeconfig: () => secured?.() };
  // The first socket comes first: it is what keeps a second daemon from starting.
  const gid = await readers(deps);
  const socket = await serveSocket(
    createApi(whole, 'read'),
    socketIn(config.runtime),
    { mode: 0o660, gid },
    server,
  );
  releasers.add('socket', () => socket.close());
  const admin = await serveSocket(
    createApi(whole, 'admin'),
    join(config.runtime, 'admin.sock'),
    { mode: 0o600 },
    server,
  );
  releasers.add('admin socket', () => admin.close());
  const probes = await serveTcp(createProbeApp(whole), config.listen, server);
  releasers.add('probes', () => probes.close());
  if (config.api.listen === '') return;
  try {
    secured = await startSecure(whole, deps, server, releasers);
  } catch (error) {
    // The lab itself does not need it.
    deps.log.warn({ listen: config.api.listen, why: explainError(error) }, 'the API is not served on HTTPS');
  }
}

/** Undefined, which leaves the daemon's own group, where there is no group of that name, or who is not root cannot give it. */
async function readers({ log }: StartDeps): Promise<number | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return await groupId(GROUP);
  } catch (error) {
    log.warn({ group: GROUP, why: explainError(error) }, 'only root may open the socket');
    return undefined;
  }
}

async function startSecure(
  http: HttpDeps,
  { config, clock, log }: StartDeps,
  server: ServerDeps,
  releasers: Releasers,
): Promise<KubeconfigSource> {
  const { listen } = config.api;
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const names = [...new Set(['localhost', '127.0.0.1', '::1', host])];
  const dir = join(config.state, 'api');
  const ensure = (): Promise<ServerIdentity> => ensureServerIdentity({ dir, names, now: clock.now() });
  let current = await ensure();
  const listeners = new Set<(pair: TlsPair) => void>();
  const identity = {
    get current() {
      return current;
    },
    subscribe(listener: (pair: TlsPair) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const running = await serveTls(createApi(http, 'read', current.token), listen, identity, server);
  releasers.add('HTTPS', () => running.close());
  let timer: Timer = clock.setTimer(RENEW_MS, look);
  function look(): void {
    timer = clock.setTimer(RENEW_MS, look);
    if (clock.now() >= current.renewAt) void renew();
  }
  async function renew(): Promise<void> {
    try {
      current = await ensure();
      for (const listener of listeners) listener(current);
      log.info({ dir }, 'the certificates of the API were renewed');
    } catch (error) {
      log.warn(
        { dir, why: explainError(toError(error)) },
        'the certificates of the API could not be renewed',
      );
    }
  }
  releasers.add('renewal of certificates', () => timer.cancel());
  return () => ({ server: `https://${listen}`, ca: current.ca, token: current.token, name: hostname() });
}
