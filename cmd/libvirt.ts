import { createLibvirt, createVirsh, type Libvirt, type Virsh } from '../src/drivers/libvirt.ts';
import { readConfig } from './vmhost.ts';

/** Read-only: a connection that could not change anything. @param uri in place of k8slabd's */
export async function openVirsh(uri?: string): Promise<Virsh> {
  const { connect } = await readConfig();
  return createVirsh({ uri: uri ?? connect, command: ['virsh', '--readonly'] });
}

export async function openLibvirt(uri?: string): Promise<Libvirt> {
  const { runtime } = await readConfig();
  return createLibvirt({ virsh: await openVirsh(uri), xmlDir: runtime });
}
