import { findImage } from '../../../src/cli/init/catalogue.ts';
import type { Choices } from '../../../src/cli/init/manifests.ts';
import { sizesFor } from '../../../src/cli/init/sizes.ts';

const GIB = 1024 ** 3;

/** manifests/first-lab: what `k8slab init` writes for a laptop with 16 GiB when nothing else is asked for. */
export function firstLabChoices(change: Partial<Omit<Choices, 'sizes'>> = {}): Choices {
  const wanted = {
    image: findImage('debian-13'),
    masters: 1,
    workers: 2,
    loadBalancer: true,
    network: '192.168.111.0/24',
    podRange: '10.200.0.0/16',
    domain: 'lab.internal',
    authorizedKeys: [],
    ...change,
  };
  return { ...wanted, sizes: sizesFor({ memoryTotal: 16 * GIB, cpus: 8 }, wanted) };
}
