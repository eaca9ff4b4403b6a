import type { Hono } from 'hono';
import { z } from 'zod';
import { API_VERSION } from '../../api/meta.ts';
import { StatusError } from './status.ts';

/** Writes what people ask of a Vmhost to the API server that vmhosts share. */
export interface VmhostSpecs {
  set(vmhost: string, spec: { readonly unschedulable: boolean; readonly drain: boolean }): Promise<void>;
}

const asked = z.strictObject({ unschedulable: z.boolean(), drain: z.boolean() });

/** `POST …/vmhosts/vmhost1/schedule`: whether Nodes are placed there, and whether those that are there go elsewhere. */
export function serveVmhosts(app: Hono, vmhosts: () => VmhostSpecs | undefined): void {
  app.post(`/apis/${API_VERSION}/vmhosts/:name/schedule`, async (c) => {
    const body = asked.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) throw new StatusError('BadRequest', 'the body must be {"unschedulable", "drain"}');
    const specs = vmhosts();
    if (specs === undefined) {
      const why = 'this vmhost shares its lab with no other: see source.kubeconfig of the configuration';
      throw new StatusError('NotFound', why);
    }
    await specs.set(c.req.param('name'), body.data);
    return c.json(body.data);
  });
}
