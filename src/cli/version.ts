import type { Client } from './client.ts';

interface ServerVersion {
  readonly gitVersion?: string;
  /** Of k8slabd, where gitVersion is Kubernetes' for the sake of kubectl. */
  readonly k8slab?: string;
}

/** What the daemon says it is. @throws ReasonedError DaemonUnreachable */
export async function serverVersion(client: Client): Promise<string> {
  const { gitVersion = 'unknown', k8slab = gitVersion } = (await client.get('/version')) as ServerVersion;
  return k8slab.replace(/^v/, '');
}
