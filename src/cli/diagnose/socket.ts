import { request } from 'node:http';
import { text as readAll } from 'node:stream/consumers';
import { ReasonedError } from '../../api/errors.ts';

const TIMEOUT_MS = 30_000;

/** What the daemon serves on its socket, as it is; an answer that is no success too. @throws ReasonedError DaemonUnreachable */
export async function getRaw(socketPath: string, path: string): Promise<string> {
  try {
    return await new Promise<string>((resolve, reject) => {
      // A socket has no server name; to find that out takes Node longer than the call.
      const options = { socketPath, path, timeout: TIMEOUT_MS, servername: '' };
      const sent = request(options, (response) => {
        readAll(response).then(resolve, reject);
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer for ${TIMEOUT_MS / 1000} s`)));
      sent.on('error', reject);
      sent.end();
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ReasonedError('DaemonUnreachable', `cannot reach k8slabd at "${socketPath}": ${why}`, {
      cause: error,
    });
  }
}
