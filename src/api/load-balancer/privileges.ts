import { privileged, type Privileged } from '../kinds/privileges.ts';
import type { LoadBalancerSpec } from './spec.ts';

/** Files that are there for just this. */
const SECRETS = '/etc/k8slab/secrets/';

export function loadBalancerPrivileges({ stats, extraConfig }: LoadBalancerSpec): readonly Privileged[] {
  return privileged(
    [stats !== undefined && !isSecret(stats.passwordFile), 'HostPaths', 'spec', 'stats', 'passwordFile'],
    [extraConfig !== undefined, 'HAProxyConfig', 'spec', 'extraConfig'],
  );
}

function isSecret(path: string): boolean {
  return path.startsWith(SECRETS) && !path.slice(SECRETS.length).includes('/');
}
