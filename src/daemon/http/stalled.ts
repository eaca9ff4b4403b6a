import type { Server, Socket } from 'node:net';
import type { Clock, Timer } from '../../engine/clock.ts';

/** A client that has not taken anything of what waits for it for as long is gone, or means no good. */
const STALLED_MS = 60_000;

/**
 * Ends connections whose clients do not read: what was written for them would be kept for ever. One that nothing waits for
 * may be silent for as long as it likes, as a watch is. @returns stop
 */
export function endStalled(server: Pick<Server, 'on'>, clock: Clock, afterMs = STALLED_MS): () => void {
  /** What each had taken when it was looked at last. */
  const taken = new Map<Socket, number>();
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  server.on(event as 'connection', (socket) => {
    taken.set(socket, -1);
    socket.once('close', () => taken.delete(socket));
  });
  let timer: Timer = clock.setTimer(afterMs, look);
  function look(): void {
    for (const [socket, before] of taken) {
      const now = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength > 0 && now === before) socket.destroy();
      else taken.set(socket, now);
    }
    timer = clock.setTimer(afterMs, look);
  }
  return () => timer.cancel();
}
