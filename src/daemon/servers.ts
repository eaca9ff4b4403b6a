import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { ReasonedError, toError } from '../api/errors.ts';

export interface RunningServer {
  close(): Promise<void>;
}

/**
 * Serves on a unix socket that only its owner and group may use. A second daemon is refused; a socket that nobody
 * answers on is left over from a crash and is replaced.
 */
export async function serveSocket(app: Hono, path: string): Promise<RunningServer> {
  if (await answers(path)) {
    const hint = 'systemctl status k8slabd';
    throw new ReasonedError('AlreadyRunning', `cannot listen on "${path}": another k8slabd answers there`, {
      hint,
    });
  }
  await rm(path, { force: true });
  const server = await listen(app, (created, done) => created.listen(path, done), path);
  await chmod(path, 0o660);
  return running(server);
}

/** @param address `127.0.0.1:9811` */
export async function serveTcp(app: Hono, address: string): Promise<RunningServer> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(at + 1));
  return running(await listen(app, (created, done) => created.listen(port, host, done), address));
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
  const server = createServer((request, response) => void listener(request, response));
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const message = `cannot listen on "${where}": ${toError(error).message}`;
      reject(new ReasonedError('CannotListen', message, { cause: error }));
    });
    start(server, () => resolve(server));
  });
}

function running(server: Server): RunningServer {
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
