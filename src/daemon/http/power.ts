import type { Hono } from 'hono';
import { z } from 'zod';
import { explainError, reasonOf } from '../../api/errors.ts';
import { API_VERSION } from '../../api/meta.ts';
import { POWER_VERBS } from '../../api/node/power.ts';
import type { Follow, Power } from '../../controllers/node/power.ts';
import { sendLines, type LinesDeps } from './lines.ts';
import { failure } from './status.ts';

const STATUS = { NotFound: 404, Conflict: 409 } as const;
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
        return c.json(
          failure('BadRequest', 'the body must be {"force", "wait", "timeoutSeconds"}', 400),
          400,
        );
      const { force, wait, timeoutSeconds } = body.data;
      const node = c.req.param('name');
      let follow: Follow;
      try {
        follow = deps.power.ask(verb, node, { force, place: deps.powerPlace(node) });
      } catch (error) {
        const reason = reasonOf(error);
        const status = Object.hasOwn(STATUS, reason) ? STATUS[reason as keyof typeof STATUS] : 500;
        return c.json(failure(reason, explainError(error), status), status);
      }
      return sendLines(c, deps, async (report, signal) => {
        report({ type: 'asked', node, verb });
        if (!wait) return;
        await follow(report, { timeoutMs: timeoutSeconds * 1000, signal });
      });
    });
  }
}
