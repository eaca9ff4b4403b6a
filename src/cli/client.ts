import { request, type IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { ReasonedError, toError } from '../api/errors.ts';
import { API_VERSION } from '../api/meta.ts';

export const DEFAULT_SOCKET = '/run/k8slab/k8slab.sock';

export interface Client {
  /** @param path below `/apis/k8slab.io/v1alpha1/` */
  get(path: string, accept?: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  /** Posts, and hands over each line of the answer as it comes. */
  stream(path: string, body: unknown, onLine: (line: string) => void): Promise<void>;
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
export function createClient(socketPath: string): Client {
  return {
    get: (path, accept = JSON_TYPE) => call({ socketPath, path, method: 'GET', accept }),
    post: (path, body) =>
      call({
        socketPath: socketFor(socketPath, path),
        path,
        method: 'POST',
        accept: JSON_TYPE,
        body: JSON.stringify(body),
      }),
    stream: (path, body, onLine) =>
      streamCall(
        {
          socketPath: socketFor(socketPath, path),
          path,
          method: 'POST',
          accept: '*/*',
          body: JSON.stringify(body),
        },
        onLine,
      ),
  };
}

interface Call {
  readonly socketPath: string;
  readonly path: string;
  readonly method: string;
  readonly accept: string;
  readonly body?: string;
}

async function call(asked: Call): Promise<unknown> {
  const response = await send(asked);
  return answerOf(asked, response.statusCode ?? 0, await textOf(asked, response));
}

async function streamCall(asked: Call, onLine: (line: string) => void): Promise<void> {
  const response = await send(asked);
  const status = response.statusCode ?? 0;
  if (status >= 400) answerOf(asked, status, await textOf(asked, response));
  const lines = createInterface({ input: response });
  for await (const line of whole(asked, lines)) if (line !== '') onLine(line);
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
function send({ socketPath, path, method, accept, body }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { accept, 'content-type': JSON_TYPE };
    const options = {
      socketPath,
      path: `/apis/${API_VERSION}/${path}`,
      method,
      headers,
      timeout: TIMEOUT_MS,
      // A socket has no server name; to find that out takes Node longer than the call.
      servername: '',
    };
    const sent = request(options, resolve);
    sent.on('timeout', () => sent.destroy(new Error(`no answer for ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', (error) => reject(unreachable(socketPath, error)));
    sent.end(body);
  });
}

function answerOf({ socketPath }: Call, status: number, said: string): unknown {
  const answer = parseAnswer(socketPath, said);
  if (status < 400) return answer;
  const { reason = 'Error', message = said } = answer as { reason?: string; message?: string };
  throw new ReasonedError(reason, message);
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
