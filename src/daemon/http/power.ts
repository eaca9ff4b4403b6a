import type { Hono } from 'hono';
import { z } from 'zod';
import { API_VERSION } from '../../api/meta.ts';
import { POWER_VERBS } from '../../api/node/power.ts';
import type { Power } from '../../controllers/node/power.ts';
import { sendLines, type LinesDeps } from './lines.ts';
import { StatusError } from './status.ts';

const LONGEST_SECONDS = 24 * 3600;

const asked = z.strictObject({
  /** Though others of its role are not Ready. */
  force: z.boolean().optional(),
  /** False: the answer ends as soon as it is asked for. */
  wait: z.boolean().default(true),
  timeoutSeconds: z.number().min(1).max(LONGEST_SECONDS).default(600),
});

export interface PowerServed extends LinesDeps {
  readonly power: Power;
  /** Where a Node's manifest has its `spec.power`, or would have it. */
  readonly powerPlace: (node: string) => string | undefined;
}

/** `POST …/nodes/master00/restart`, `start` and `stop`: what is asked of a guest, and how it goes, a line of JSON each. */
export function servePower(app: Hono, deps: PowerServed): void {
  for (const verb of POWER_VERBS) {
    app.post(`/apis/${API_VERSION}/nodes/:name/${verb}`, async (c) => {
      const body = asked.safeParse(await c.req.json().catch(() => ({})));
      if (!body.success)
        throw new StatusError('BadRequest', 'the body must be {"force", "wait", "timeoutSeconds"}');
      const { force, wait, timeoutSeconds } = body.data;
      const node = c.req.param('name');
      const follow = deps.power.ask(verb, node, { force, place: deps.powerPlace(node) });
      return sendLines(c, deps, async (report, signal) => {
        report({ type: 'asked', node, verb });
        if (!wait) return;
        await follow(report, { timeoutMs: timeoutSeconds * 1000, signal });
      });
    });
  }
}
