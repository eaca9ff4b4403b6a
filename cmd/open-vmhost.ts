import type { DaemonConfig } from '../src/api/daemon-config.ts';
import type { Facts } from '../src/cli/doctor/facts.ts';
import type { Libvirt } from '../src/drivers/libvirt.ts';

interface Vmhost {
  readonly config: DaemonConfig;
  /** What is wrong with the configuration, of which `config` has the defaults then. */
  readonly configError: string | undefined;
  readonly libvirt: Libvirt;
  readonly look: (options: { paths: readonly string[]; online: boolean }) => Promise<Facts>;
}

/** What `k8slab doctor` and `diagnose` look at. A configuration that is not valid is one of their findings. */
export async function openVmhost(): Promise<Vmhost> {
  const { daemonConfig } = await import('../src/api/daemon-config.ts');
  const { explainError } = await import('../src/api/errors.ts');
  const { look } = await import('../src/cli/doctor/look.ts');
  const { DEFAULT_CONFIG_PATH } = await import('../src/daemon/config-path.ts');
  const { loadConfig } = await import('../src/daemon/config.ts');
  const { createLibvirt, createVirsh } = await import('../src/drivers/libvirt.ts');
  const loaded = await loadConfig(DEFAULT_CONFIG_PATH, { mustExist: false }).catch(explainError);
  const config = typeof loaded === 'string' ? daemonConfig.parse({}) : loaded;
  const virsh = createVirsh({ uri: config.connect, command: ['virsh', '--readonly'], deadlineMs: 10_000 });
  const libvirt = createLibvirt({ virsh, xmlDir: config.runtime });
  const configError = typeof loaded === 'string' ? loaded : undefined;
  return {
    config,
    configError,
    libvirt,
    look: (options) => look({ ...options, config, configError, libvirt }),
  };
}
