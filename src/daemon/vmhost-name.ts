import { hostname } from 'node:os';
import type { DaemonConfig } from '../api/daemon-config.ts';
import { ReasonedError } from '../api/errors.ts';
import { objectName } from '../api/kinds/fields.ts';

/** What this vmhost is called. @throws ReasonedError InvalidConfig when the machine's name is none for an object */
export function vmhostName({ source }: Pick<DaemonConfig, 'source'>): string {
  return source.kubeconfig === '' ? (source.name ?? hostname()) : sharedName({ source });
}

/** What API servers call it. @throws ReasonedError InvalidConfig when the machine's name is none for an object */
export function sharedName({ source }: Pick<DaemonConfig, 'source'>): string {
  if (source.name !== undefined) return source.name;
  const [name = ''] = hostname().toLowerCase().split('.');
  if (objectName.safeParse(name).success) return name;
  throw new ReasonedError(
    'InvalidConfig',
    `cannot name the Vmhost "${name}": set source.name in k8slabd.yaml`,
  );
}
