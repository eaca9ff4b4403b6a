import type { Hono } from 'hono';
import { z } from 'zod';
import { API_VERSION } from '../../api/meta.ts';
import type { PackageUpdates } from '../../controllers/node/package-updates.ts';
import type { Clock } from '../../engine/clock.ts';
import { sendLines } from './lines.ts';
import { StatusError } from './status.ts';
import type { OnServerError } from './servers.ts';

const PATH = `/apis/${API_VERSION}/packageupdates`;

const selection = z.strictObject({ role: z.string().optional(), nodes: z.array(z.string()).optional() });

export interface UpdatesDeps {
  readonly updates: PackageUpdates;
  readonly clock: Clock;
  readonly onError: OnServerError;
}

/** Updates packages and tells how it goes: a line of JSON per event. A run that breaks off ends the answer. */
export function serveUpdates(app: Hono, { updates, clock, onError }: UpdatesDeps): void {
  app.post(PATH, async (c) => {
    const body = selection.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) throw new StatusError('BadRequest', 'the body must be {"role", "nodes"}');
    const run = updates.prepare(body.data);
    return sendLines(c, { clock, onError }, (report, signal) => run(report, () => signal.aborted));
  });
}
