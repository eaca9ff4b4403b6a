import type { StatusFields } from '../kinds/define.ts';

export const nodeStatus: StatusFields<'Node'> = {
  vmhost: { type: 'string', description: 'The vmhost that it is bound to; it stays there.' },
  state: { type: 'string', description: "State of the guest in libvirt's words." },
  address: { type: 'string', description: 'Its address in the first network.' },
  fqdn: { type: 'string', description: 'Its name there.' },
  aliases: { type: 'array', items: { type: 'string' }, description: 'Further names that mean its address.' },
  mac: { type: 'string', description: 'MAC address in the first network.' },
  podCIDR: { type: 'string', description: 'Addresses of its pods.' },
  disk: { type: 'string', description: 'File of its first disk.' },
  domainType: { type: 'string', description: 'Hypervisor that it runs on: kvm or qemu.' },
  cpus: { type: 'integer', description: 'Virtual CPUs of the running guest.' },
  memory: { type: 'integer', description: 'Memory of the running guest, in MiB.' },
  sshHostKey: { type: 'string', description: 'Public host key that the guest was given.' },
};
