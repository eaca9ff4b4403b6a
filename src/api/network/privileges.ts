import { privileged, type Privileged } from '../kinds/privileges.ts';
import type { NetworkSpec } from './spec.ts';

export function networkPrivileges({ dns, policy }: NetworkSpec): readonly Privileged[] {
  return privileged(
    [dns.dnsmasqOptions.length > 0, 'DnsmasqOptions', 'spec', 'dns', 'dnsmasqOptions'],
    [policy.adopt, 'Adopt', 'spec', 'policy', 'adopt'],
  );
}
