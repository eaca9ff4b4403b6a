import { request, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { ReasonedError, toError } from '../api/errors.ts';
import { API_VERSION } from '../api/meta.ts';

export const DEFAULT_SOCKET = '/run/k8slab/k8slab.sock';

export interface Client {
  /** @param path below `/apis/k8slab.io/v1alpha1/`, or from the root where it begins with a slash */
  get(path: string, accept?: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** Posts, and hands over each line of the answer as it comes. */
  stream(path: string, body: unknown, onLine: (line: string) => void): Promise<void>;
}

/** A client that also follows what changes. */
export interface WatchingClient extends Client {
  /** The lines of an answer that goes on until the server, or the signal, ends it. */
  watch(path: string, accept: string, signal?: AbortSignal): AsyncIterable<string>;
}

export interface ClientOptions {
  /** How long the daemon may be silent; a watch may be silent for ever. */
  readonly timeoutMs?: number;
}

const JSON_TYPE = 'application/json';
const TIMEOUT_MS = 90_000;

/** Beside the socket that answers who only looks: root's alone. */
const ADMIN_SOCKET = 'admin.sock';
/** What is asked by POST and changes nothing. */
const READING = new Set(['plan']);

function socketFor(socketPath: string, path: string): string {
  return READING.has(path) ? socketPath : join(dirname(socketPath), ADMIN_SOCKET);
}

/** The daemon's API on its unix sockets. @throws ReasonedError DaemonUnreachable, or the server's own reason */
export function createClient(socketPath: string, options: ClientOptions = {}): WatchingClient {
  const { timeoutMs = TIMEOUT_MS } = options;
  const base = { socketPath, timeoutMs };
  const posted = (path: string, body: unknown, accept: string): Call => ({
    ...base,
    socketPath: socketFor(socketPath, path),
    path,
    method: 'POST',
    accept,
    body: JSON.stringify(body),
  });
  return {
    get: (path, accept = JSON_TYPE) => call({ ...base, path, method: 'GET', accept }),
    post: (path, body) => call(posted(path, body, JSON_TYPE)),
    async stream(path, body, onLine) {
      for await (const line of linesOf(posted(path, body, '*/*'))) onLine(line);
    },
    watch: (path, accept, signal) =>
      linesOf({
        ...base,
        path,
        method: 'GET',
        accept,
        timeoutMs: 0,
        ...(signal === undefined ? {} : { signal }),
      }),
  };
}

/** What is served at a path, as it is; an answer that is no success too. @throws ReasonedError DaemonUnreachable */
export async function getText(socketPath: string, path: string): Promise<string> {
  const asked: Call = { socketPath, timeoutMs: TIMEOUT_MS, path, method: 'GET', accept: '*/*' };
  return textOf(asked, await send(asked));
}

interface Call {
  readonly socketPath: string;
  readonly path: string;
  readonly method: string;
  readonly accept: string;
  readonly body?: string;
  /** 0: for ever. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

async function call(asked: Call): Promise<unknown> {
  const response = await send(asked);
  return answerOf(asked, response.statusCode ?? 0, await textOf(asked, response));
}

async function* linesOf(asked: Call): AsyncGenerator<string> {
  const response = await send(asked);
  const status = response.statusCode ?? 0;
  if (status >= 400) answerOf(asked, status, await textOf(asked, response));
  try {
    for await (const line of whole(asked, createInterface({ input: response }))) if (line !== '') yield line;
  } finally {
    // Whoever stops reading wants no more of it.
    response.destroy();
  }
}

async function textOf(asked: Call, response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of whole(asked, response.setEncoding('utf8'))) text += String(chunk);
  return text;
}

/** @throws ReasonedError DaemonUnreachable where the answer breaks off */
async function* whole<T>({ socketPath }: Call, parts: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* parts;
  } catch (error) {
    throw unreachable(socketPath, new Error('it went away before it had answered', { cause: error }));
  }
}

/** Resolves when the answer begins. */
function send({ socketPath, path, method, accept, body, timeoutMs, signal }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { accept, 'content-type': JSON_TYPE };
    const options = {
      socketPath,
      path: path.startsWith('/') ? path : `/apis/${API_VERSION}/${path}`,
      method,
      headers,
      timeout: timeoutMs,
      ...(signal === undefined ? {} : { signal }),
      // A socket has no server name; to find that out takes Node longer than the call.
      servername: '',
    };
    const sent = request(options, resolve);
    sent.on('timeout', () => sent.destroy(new Error(`no answer for ${timeoutMs / 1000} s`)));
    sent.on('error', (error) => reject(unreachable(socketPath, error)));
    sent.end(body);
  });
}

function answerOf({ socketPath }: Call, status: number, said: string): unknown {
  const answer = parseAnswer(socketPath, said);
  if (status < 400) return answer;
  throw statusError(answer, said);
}

/** A meta/v1 Status as the error that it tells of. */
export function statusError(status: unknown, said = 'the server failed'): ReasonedError {
  const { reason = 'Error', message = said } = status as { reason?: string; message?: string };
  return new ReasonedError(reason, message);
}

function parseAnswer(socketPath: string, said: string): unknown {
  try {
    return JSON.parse(said);
  } catch (error) {
    const message = `cannot understand what answers at "${socketPath}": it is not JSON`;
    throw new ReasonedError('NotK8slabd', message, { cause: error, hint: 'systemctl status k8slabd' });
  }
}

function unreachable(socketPath: string, error: NodeJS.ErrnoException): ReasonedError {
  const denied = error.code === 'EACCES';
  const why = denied ? 'permission denied' : toError(error).message;
  const member = socketPath.endsWith(ADMIN_SOCKET) ? '' : ', or as a member of the group k8slab';
  const hint = denied ? `run it as root${member}` : 'systemctl status k8slabd';
  const message = `cannot reach k8slabd at "${socketPath}": ${why}`;
  return new ReasonedError('DaemonUnreachable', message, { cause: error, hint });
}
