import type { StatusFields } from '../kinds/define.ts';
import type { JsonSchema } from '../kinds/json-schema.ts';
import type { VmhostResources } from './object.ts';

const resources: Readonly<Record<keyof VmhostResources, JsonSchema>> = {
  cpu: { type: 'number', description: 'Processors.' },
  memory: { type: 'string', description: 'Memory, a quantity.' },
  storage: { type: 'string', description: 'Space for images and disks, a quantity.' },
};

export const vmhostStatus: StatusFields<'Vmhost'> = {
  libvirtVersion: { type: 'string', description: 'Version of the libvirt that answers.' },
  arch: { type: 'string', description: "The machine's architecture, as libvirt names it." },
  domainType: {
    type: 'string',
    enum: ['kvm', 'qemu'],
    description: 'Hypervisor that Nodes run on which name none.',
  },
  version: { type: 'string', description: 'Version of k8slabd.' },
  machineID: { type: 'string', description: 'Which machine it is, as /etc/machine-id says.' },
  capacity: { type: 'object', properties: resources, description: 'What the machine has.' },
  allocatable: { type: 'object', properties: resources, description: 'What of it Nodes may have.' },
  addresses: {
    type: 'array',
    items: { type: 'string' },
    description: 'Addresses by which other vmhosts reach it.',
  },
  sshHostKey: { type: 'string', description: 'Public key of its sshd.' },
  sshPublicKey: { type: 'string', description: 'Public key with which its daemon logs in to guests.' },
  images: { type: 'array', items: { type: 'string' }, description: 'Images that are there.' },
};
