import { connect } from 'node:net';
import type { Ssh } from './types.ts';

/** See Ssh.answers. */
export async function takesConnections(...[target, options]: Parameters<Ssh['answers']>): Promise<boolean> {
  const { deadlineMs, signal } = options;
  signal?.throwIfAborted();
  const answer = Promise.withResolvers<boolean>();
  const socket = connect({ host: target.address, port: target.port ?? 22 });
  const timer = setTimeout(() => answer.resolve(false), deadlineMs);
  function abort(): void {
    answer.reject(signal?.reason as Error);
  }
  signal?.addEventListener('abort', abort, { once: true });
  socket.once('connect', () => answer.resolve(true));
  socket.once('error', () => answer.resolve(false));
  try {
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    socket.destroy();
  }
}
