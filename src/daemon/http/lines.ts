import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import { toError } from '../../api/errors.ts';
import type { Clock } from '../../engine/clock.ts';
import type { OnServerError } from './servers.ts';

/** What is followed may be silent for long; an empty line keeps the connection. */
const ALIVE_MS = 15_000;

export interface LinesDeps {
  readonly clock: Clock;
  readonly onError: OnServerError;
}

/** Answers with a line of JSON per event, for as long as `run` goes on. A run that breaks off ends the answer. */
export function sendLines(
  c: Context,
  { clock, onError }: LinesDeps,
  run: (report: (event: object) => void, signal: AbortSignal) => Promise<void>,
): Response {
  c.header('content-type', 'application/x-ndjson');
  return stream(c, async (out) => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort());
    let sent: Promise<unknown> = Promise.resolve();
    function send(text: string): void {
      sent = sent.then(() => out.write(text)).catch(() => undefined);
    }
    let timer = clock.setTimer(ALIVE_MS, beat);
    function beat(): void {
      send('\n');
      timer = clock.setTimer(ALIVE_MS, beat);
    }
    try {
      await run((event) => send(`${JSON.stringify(event)}\n`), gone.signal);
    } catch (error) {
      onError(c.req.path, toError(error));
    } finally {
      timer.cancel();
    }
    await sent;
  });
}
