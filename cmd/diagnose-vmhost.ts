import type { Diagnosis } from '../src/cli/diagnose/diagnose.ts';

/** `k8slab diagnose` of this vmhost. */
export async function diagnoseVmhost(socket: string, output: string | undefined): Promise<Diagnosis> {
  const { getText } = await import('../src/cli/client.ts');
  const { diagnose } = await import('../src/cli/diagnose/diagnose.ts');
  const { secretsBelow } = await import('../src/cli/diagnose/secrets.ts');
  const { readManifests } = await import('../src/cli/manifest-files.ts');
  const { exec } = await import('../src/drivers/exec.ts');
  const { listIfExists, readIfExists } = await import('../src/drivers/files.ts');
  const { openVmhost } = await import('./open-vmhost.ts');
  const { config, configError, libvirt, look } = await openVmhost();
  const origins = {
    config,
    configError,
    libvirt,
    exec,
    facts: () => look({ paths: [], online: false }),
    manifests: () => readManifests([config.manifests]),
    get: (path: string) => getText(socket, path),
    read: readIfExists,
    list: listIfExists,
    now: new Date(),
  };
  const secrets = await Promise.all(['/etc/k8slab', config.state].map(secretsBelow));
  return diagnose(origins, output, secrets.flat()).finally(() => libvirt.dispose());
}
