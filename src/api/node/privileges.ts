import { privileged, type Privileged } from '../kinds/privileges.ts';
import type { NodeSpec } from './spec.ts';

export function nodePrivileges({ disk, policy }: NodeSpec): readonly Privileged[] {
  return privileged(
    [disk.path !== undefined, 'HostPaths', 'spec', 'disk', 'path'],
    [policy.adopt, 'Adopt', 'spec', 'policy', 'adopt'],
  );
}
