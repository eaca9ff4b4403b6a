import type { StatusFields } from '../kinds/define.ts';
import { vmhostStates } from '../kinds/vmhost-states.ts';

export const imageStatus: StatusFields<'Image'> = {
  path: { type: 'string', description: 'The file that Nodes start from.' },
  format: { type: 'string', enum: ['qcow2', 'raw'], description: 'Format of that file.' },
  sha256: { type: 'string', description: 'Checksum of the unpacked image.' },
  virtualSize: { type: 'integer', description: 'Size of the disk that it is an image of, in bytes.' },
  vmhosts: vmhostStates,
};
