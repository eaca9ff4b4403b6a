import type { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { explainError, reasonOf, toError } from '../../api/errors.ts';
import { API_VERSION } from '../../api/meta.ts';
import type { PackageUpdates } from '../../controllers/node/package-updates.ts';
import type { Clock } from '../../engine/clock.ts';
import { failure } from './status.ts';
import type { OnServerError } from './servers.ts';

const PATH = `/apis/${API_VERSION}/packageupdates`;

const selection = z.strictObject({ role: z.string().optional(), nodes: z.array(z.string()).optional() });

const STATUS = { NotFound: 404, AlreadyRunning: 409 } as const;
/** A package manager may be silent for long; an empty line keeps the connection. */
const ALIVE_MS = 15_000;

export interface UpdatesDeps {
  readonly updates: PackageUpdates;
  readonly clock: Clock;
  readonly onError: OnServerError;
}

/** Updates packages and tells how it goes: a line of JSON per event. A run that breaks off ends the answer. */
export function serveUpdates(app: Hono, { updates, clock, onError }: UpdatesDeps): void {
  app.post(PATH, async (c) => {
    const body = selection.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) return c.json(failure('BadRequest', 'the body must be {"role", "nodes"}', 400), 400);
    let run: ReturnType<PackageUpdates['prepare']>;
    try {
      run = updates.prepare(body.data);
    } catch (error) {
      const reason = reasonOf(error);
      const status = Object.hasOwn(STATUS, reason) ? STATUS[reason as keyof typeof STATUS] : 500;
      return c.json(failure(reason, explainError(error), status), status);
    }
    c.header('content-type', 'application/x-ndjson');
    return stream(c, async (out) => {
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
        await run(
          (event) => send(`${JSON.stringify(event)}\n`),
          () => out.aborted,
        );
      } catch (error) {
        onError(PATH, toError(error));
      } finally {
        timer.cancel();
      }
      await sent;
    });
  });
}
