import { tmpdir } from 'node:os';
import { createLibvirt, createVirsh } from '../drivers/libvirt.ts';

export interface LibvirtName {
  readonly kind: 'network' | 'domain';
  readonly name: string;
}

/** The networks and domains that libvirt has. */
export async function libvirtNames(uri = 'qemu:///system'): Promise<LibvirtName[]> {
  const virsh = createVirsh({ uri, command: ['virsh', '--readonly'] });
  const libvirt = createLibvirt({ virsh, xmlDir: tmpdir() });
  try {
    const [networks, domains] = await Promise.all([libvirt.networks(), libvirt.domains()]);
    return [
      ...networks.map(({ name }) => ({ kind: 'network' as const, name })),
      ...domains.map(({ name }) => ({ kind: 'domain' as const, name })),
    ];
  } finally {
    await libvirt.dispose();
  }
}
