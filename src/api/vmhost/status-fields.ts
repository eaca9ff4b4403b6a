import type { StatusFields } from '../kinds/define.ts';

export const vmhostStatus: StatusFields<'Vmhost'> = {
  libvirtVersion: { type: 'string', description: 'Version of the libvirt that answers.' },
  arch: { type: 'string', description: "The machine's architecture, as libvirt names it." },
  domainType: {
    type: 'string',
    enum: ['kvm', 'qemu'],
    description: 'Hypervisor that Nodes run on which name none.',
  },
};
