import { join } from 'node:path';
import { daemonConfig, type DaemonConfig } from '../../src/api/daemon-config.ts';

/** A daemon on libvirt's own test driver, that touches nothing but one directory. */
export function configIn(dir: string): DaemonConfig {
  const at = (name: string): string => join(dir, name);
  return daemonConfig.parse({
    manifests: at('manifests'),
    connect: 'test:///default',
    storage: at('storage'),
    state: at('state'),
    identity: at('identity'),
    runtime: at('run'),
    listen: '127.0.0.1:0',
    api: { listen: '' },
    hostFiles: { hosts: '', inventory: '', sshConfig: '' },
  });
}
