import type { Libvirt } from '../src/drivers/libvirt.ts';

/** libvirt by a connection that cannot change anything. @param uri that of k8slabd's configuration when left out */
export async function openReadOnly(uri?: string): Promise<Libvirt> {
  const { DEFAULT_CONFIG_PATH } = await import('../src/daemon/config-path.ts');
  const { loadConfig } = await import('../src/daemon/config.ts');
  const { createLibvirt, createVirsh } = await import('../src/drivers/libvirt.ts');
  const config = await loadConfig(DEFAULT_CONFIG_PATH, { mustExist: false });
  const virsh = createVirsh({ uri: uri ?? config.connect, command: ['virsh', '--readonly'] });
  return createLibvirt({ virsh, xmlDir: config.runtime });
}
