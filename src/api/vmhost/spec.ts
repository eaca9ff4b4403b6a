import { z } from 'zod';

/** What people say of a vmhost, where several share a lab. */
export const vmhostSpec = z.strictObject({
  unschedulable: z.boolean().optional().meta({ description: 'No more Nodes are placed here.' }),
  drain: z.boolean().optional().meta({
    description: 'Nodes are shut down here, and placed elsewhere where their disks can be made anew.',
  }),
});

export type VmhostSpec = z.output<typeof vmhostSpec>;
