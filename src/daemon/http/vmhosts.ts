import type { Hono } from 'hono';
import { z } from 'zod';
import { API_VERSION } from '../../api/meta.ts';
import type { Drain } from '../../api/placement/drain.ts';
import { StatusError } from './status.ts';

/** What people ask of the Vmhosts of an API server. */
export interface VmhostSpecs {
  /** What would become of its Nodes in a drain. */
  drain(vmhost: string): Drain;
  /** Writes it to the API server. */
  set(vmhost: string, spec: { readonly unschedulable: boolean; readonly drain: boolean }): Promise<void>;
}

const asked = z.strictObject({ unschedulable: z.boolean(), drain: z.boolean() });

/**
 * `POST …/vmhosts/vmhost1/schedule`: whether Nodes are placed there, and whether those that are there go elsewhere;
 * `GET …/vmhosts/vmhost1/drain`: which of them would.
 */
export function serveVmhosts(app: Hono, vmhosts: () => VmhostSpecs | undefined): void {
  const shared = (): VmhostSpecs => {
    const specs = vmhosts();
    if (specs !== undefined) return specs;
    const why = 'this vmhost shares its lab with no other: see source.kubeconfig of the configuration';
    throw new StatusError('NotFound', why);
  };
  app.get(`/apis/${API_VERSION}/vmhosts/:name/drain`, (c) => c.json(shared().drain(c.req.param('name'))));
  app.post(`/apis/${API_VERSION}/vmhosts/:name/schedule`, async (c) => {
    const body = asked.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) throw new StatusError('BadRequest', 'the body must be {"unschedulable", "drain"}');
    await shared().set(c.req.param('name'), body.data);
    return c.json(body.data);
  });
}
