import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What virsh printed: `network-tutorial` is the tutorial's own listing; the others are of libvirt 9.0 on Debian 12, with
 * a network and a guest that k8slab defined (live and --inactive) and the `default` network, which it did not.
 */
export function fixture(
  name:
    | 'network-tutorial'
    | 'network-default'
    | 'network-live'
    | 'network-inactive'
    | 'domain-live'
    | 'domain-inactive'
    | 'capabilities',
): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', `${name}.xml`), 'utf8');
}
