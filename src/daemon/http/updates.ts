import type { Hono } from 'hono';
import { z } from 'zod';
import { explainError, reasonOf } from '../../api/errors.ts';
import { API_VERSION } from '../../api/meta.ts';
import type { PackageUpdates } from '../../controllers/node/package-updates.ts';
import type { Clock } from '../../engine/clock.ts';
import { sendLines } from './lines.ts';
import { failure } from './status.ts';
import type { OnServerError } from './servers.ts';

const PATH = `/apis/${API_VERSION}/packageupdates`;

const selection = z.strictObject({ role: z.string().optional(), nodes: z.array(z.string()).optional() });

const STATUS = { NotFound: 404, AlreadyRunning: 409 } as const;

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
    return sendLines(c, { clock, onError }, (report, signal) => run(report, () => signal.aborted));
  });
}
