import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureServerIdentity } from '../../../src/drivers/certificates.ts';

/** An API server that answers as a test wants. */
export interface BadServer {
  readonly kubeconfig: string;
  /** Each request: path and query. */
  readonly asked: URL[];
  /** What answers the next requests; the last one answers all others too. */
  answer(...answers: readonly Answer[]): void;
  close(): Promise<void>;
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const TOKEN = 'a-token-that-nobody-prints';

export async function serveBadly(): Promise<BadServer> {
  const directory = await mkdtemp(join(tmpdir(), 'k8slab-kube-'));
  const identity = await ensureServerIdentity({ dir: directory, names: ['127.0.0.1'], now: Date.now() });
  const asked: URL[] = [];
  let answers: readonly Answer[] = [];
  const server: Server = createServer({ key: identity.key, cert: identity.cert }, (request, response) => {
    asked.push(new URL(request.url ?? '/', 'https://server'));
    const [first, ...rest] = answers;
    if (rest.length > 0) answers = rest;
    first?.(response, request);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(directory, 'kubeconfig');
  const ca = Buffer.from(identity.ca).toString('base64');
  const cluster = { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca };
  const config = {
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token: TOKEN } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return {
    kubeconfig,
    asked,
    answer: (...next) => void (answers = next),
    close: async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
      await rm(directory, { recursive: true });
    },
  };
}

export function status(code: number, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, headers);
    response.end(JSON.stringify({ kind: 'Status', message: `said ${code}`, code }));
  };
}

export function json(body: object): Answer {
  return (response) => void response.end(JSON.stringify(body));
}

export function list(resourceVersion: string, ...names: readonly string[]): Answer {
  return (response) => {
    response.end(
      JSON.stringify({ metadata: { resourceVersion }, items: names.map((name) => object(name, '1')) }),
    );
  };
}

/** A part of a list; the rest is asked for by `next`. */
export function page(resourceVersion: string, next: string, ...names: readonly string[]): Answer {
  return json({
    metadata: { resourceVersion, continue: next },
    items: names.map((name) => object(name, '1')),
  });
}

/** A watch that tells this and ends, or goes on in silence. */
export function watch(text: string, how: 'ends' | 'stays' | 'breaks' = 'ends'): Answer {
  return (response) => {
    response.write(text, () => {
      if (how === 'ends') response.end();
      if (how === 'breaks') response.destroy();
    });
    response.flushHeaders();
  };
}

export function told(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function object(name: string, resourceVersion: string): object {
  return { kind: 'Node', metadata: { name, uid: name, resourceVersion, managedFields: [{ manager: 'm' }] } };
}
