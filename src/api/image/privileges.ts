import { privileged, type Privileged } from '../kinds/privileges.ts';
import type { ImageSpec } from './spec.ts';

export function imagePrivileges({ source }: ImageSpec): readonly Privileged[] {
  return privileged([source.startsWith('/'), 'HostPaths', 'spec', 'source']);
}
