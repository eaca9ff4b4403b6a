import { request } from 'node:http';
import { ReasonedError, toError } from '../api/errors.ts';
import { API_VERSION } from '../api/meta.ts';

export const DEFAULT_SOCKET = '/run/k8slab/k8slab.sock';

export interface Client {
  /** @param path below `/apis/k8slab.io/v1alpha1/` */
  get(path: string, accept?: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
}

const JSON_TYPE = 'application/json';
const TIMEOUT_MS = 90_000;

/** The daemon's API on its unix socket. @throws ReasonedError DaemonUnreachable, or the server's own reason */
export function createClient(socketPath: string): Client {
  return {
    get: (path, accept = JSON_TYPE) => call({ socketPath, path, method: 'GET', accept }),
    post: (path, body) =>
      call({ socketPath, path, method: 'POST', accept: JSON_TYPE, body: JSON.stringify(body) }),
  };
}

interface Call {
  readonly socketPath: string;
  readonly path: string;
  readonly method: string;
  readonly accept: string;
  readonly body?: string;
}

async function call({ socketPath, path, method, accept, body }: Call): Promise<unknown> {
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const headers = { accept, 'content-type': JSON_TYPE };
    const options = {
      socketPath,
      path: `/apis/${API_VERSION}/${path}`,
      method,
      headers,
      timeout: TIMEOUT_MS,
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer for ${TIMEOUT_MS / 1000} s`)));
    sent.on('error', (error) => reject(unreachable(socketPath, error)));
    sent.end(body);
  });
  const answer = parseAnswer(socketPath, text);
  if (status < 400) return answer;
  const { reason = 'Error', message = text } = answer as { reason?: string; message?: string };
  throw new ReasonedError(reason, message);
}

function parseAnswer(socketPath: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `cannot understand what answers at "${socketPath}": it is not JSON`;
    throw new ReasonedError('NotK8slabd', message, { cause: error, hint: 'systemctl status k8slabd' });
  }
}

function unreachable(socketPath: string, error: NodeJS.ErrnoException): ReasonedError {
  const denied = error.code === 'EACCES';
  const why = denied ? 'permission denied' : toError(error).message;
  const hint = denied ? 'run it as root' : 'systemctl status k8slabd';
  const message = `cannot reach k8slabd at "${socketPath}": ${why}`;
  return new ReasonedError('DaemonUnreachable', message, { cause: error, hint });
}
