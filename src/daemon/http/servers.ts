import { chmod, chown, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { ReasonedError, toError } from '../../api/errors.ts';
import type { Clock } from '../../engine/clock.ts';
import { endStalled } from './stalled.ts';

export interface RunningServer {
  close(): Promise<void>;
}

/** Told of errors of a server that runs, which go on being served: `where` names it. */
export type OnServerError = (where: string, error: Error) => void;

export interface ServerDeps {
  readonly onError: OnServerError;
  readonly clock: Clock;
  /** Instead of those below. */
  readonly limits?: ServerOptions;
}

/** Who may open a socket. */
export interface SocketRights {
  readonly mode: number;
  /** Of its group; the daemon's own when left out. */
  readonly gid?: number | undefined;
}

/** The key and the certificates of a server, which may be others later. */
export interface TlsIdentity {
  readonly current: TlsPair;
  /** @returns unsubscribe */
  subscribe(listener: (pair: TlsPair) => void): () => void;
}

export interface TlsPair {
  readonly key: string;
  readonly cert: string;
}

/**
 * Serves on a unix socket. A second daemon is refused; a socket that nobody answers on is left over from a crash and is
 * replaced.
 */
export async function serveSocket(
  app: Hono,
  path: string,
  { mode, gid }: SocketRights,
  deps: ServerDeps,
): Promise<RunningServer> {
  await expectAlone(path);
  await rm(path, { force: true });
  const server = createServer({ ...LIMITS, ...deps.limits }, listenerOf(app));
  await listen(server, (done) => server.listen({ path, backlog: MAX_CONNECTIONS }, done), path);
  const served = running(server, path, deps);
  try {
    // Until now nobody but the owner could write to it, and so open it.
    if (gid !== undefined) await chown(path, process.getuid?.() ?? 0, gid);
    await chmod(path, mode);
  } catch (error) {
    await served.close();
    throw new ReasonedError('CannotListen', `cannot listen on "${path}": ${toError(error).message}`, {
      cause: error,
    });
  }
  return served;
}

/** @throws ReasonedError AlreadyRunning when another daemon answers on that socket */
export async function expectAlone(path: string): Promise<void> {
  if (!(await answers(path))) return;
  throw new ReasonedError('AlreadyRunning', `cannot listen on "${path}": another k8slabd answers there`, {
    hint: 'systemctl status k8slabd',
  });
}

/** @param address `127.0.0.1:9811` */
export async function serveTcp(app: Hono, address: string, deps: ServerDeps): Promise<RunningServer> {
  const server = createServer({ ...LIMITS, ...deps.limits }, listenerOf(app));
  await listenAt(server, address);
  return running(server, address, deps);
}

/** @param address `127.0.0.1:9812` */
export async function serveTls(
  app: Hono,
  address: string,
  identity: TlsIdentity,
  deps: ServerDeps,
): Promise<RunningServer> {
  const options = { ...LIMITS, ...deps.limits, ...identity.current, minVersion: 'TLSv1.2' } as const;
  const server = createTlsServer(options, listenerOf(app));
  await listenAt(server, address);
  const unsubscribe = identity.subscribe((pair) =>
    server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' }),
  );
  const served = running(server, address, deps);
  return {
    close() {
      unsubscribe();
      return served.close();
    },
  };
}

/** A request comes at once or not at all: who sends it letter by letter is not waited for. */
const LIMITS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
};
/** As many may wait to be accepted too: after a restart all who watch come back at once. */
const MAX_CONNECTIONS = 4096;

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function listenerOf(app: Hono): RequestListener {
  const listener = getRequestListener(app.fetch);
  return (request, response) => {
    listener(request, response).catch((error: unknown) => response.destroy(toError(error)));
  };
}

function listenAt(server: Server | TlsServer, address: string): Promise<void> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(at + 1));
  return listen(server, (done) => server.listen({ port, host, backlog: MAX_CONNECTIONS }, done), address);
}

function listen(
  server: Server | TlsServer,
  start: (done: () => void) => unknown,
  where: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    function refuse(error: Error): void {
      const message = `cannot listen on "${where}": ${error.message}`;
      reject(new ReasonedError('CannotListen', message, { cause: error }));
    }
    server.once('error', refuse);
    start(() => {
      server.off('error', refuse);
      resolve();
    });
  });
}

/** An error of a server that nobody listens to would end the daemon. */
function running(server: Server | TlsServer, where: string, { onError, clock }: ServerDeps): RunningServer {
  server.maxConnections = MAX_CONNECTIONS;
  server.on('error', (error) => onError(where, error));
  const stop = endStalled(server, clock);
  return {
    close: () =>
      new Promise((resolve) => {
        stop();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
