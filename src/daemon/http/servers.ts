import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { ReasonedError, toError } from '../../api/errors.ts';

export interface RunningServer {
  close(): Promise<void>;
}

/** Told of errors of a server that runs, which go on being served: `where` names it. */
export type OnServerError = (where: string, error: Error) => void;

/**
 * Serves on a unix socket that only its owner and group may use. A second daemon is refused; a socket that nobody
 * answers on is left over from a crash and is replaced.
 */
export async function serveSocket(app: Hono, path: string, onError: OnServerError): Promise<RunningServer> {
  if (await answers(path)) {
    const hint = 'systemctl status k8slabd';
    throw new ReasonedError('AlreadyRunning', `cannot listen on "${path}": another k8slabd answers there`, {
      hint,
    });
  }
  await rm(path, { force: true });
  const server = await listen(app, (created, done) => created.listen(path, done), path);
  await chmod(path, 0o660);
  return running(server, path, onError);
}

/** @param address `127.0.0.1:9811` */
export async function serveTcp(app: Hono, address: string, onError: OnServerError): Promise<RunningServer> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(at + 1));
  const server = await listen(app, (created, done) => created.listen(port, host, done), address);
  return running(server, address, onError);
}

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

type Start = (server: Server, done: () => void) => unknown;

function listen(app: Hono, start: Start, where: string): Promise<Server> {
  const listener = getRequestListener(app.fetch);
  const server = createServer((request, response) => {
    listener(request, response).catch((error: unknown) => response.destroy(toError(error)));
  });
  return new Promise((resolve, reject) => {
    function refuse(error: Error): void {
      const message = `cannot listen on "${where}": ${error.message}`;
      reject(new ReasonedError('CannotListen', message, { cause: error }));
    }
    server.once('error', refuse);
    start(server, () => {
      server.off('error', refuse);
      resolve(server);
    });
  });
}

/** An error of a server that nobody listens to would end the daemon. */
function running(server: Server, where: string, onError: OnServerError): RunningServer {
  server.on('error', (error) => onError(where, error));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
