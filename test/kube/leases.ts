import { ReasonedError } from '../../src/api/errors.ts';
import type { KubeLease, KubeLeaseSpec } from '../../src/drivers/kube.ts';

export interface Leases {
  list(): readonly KubeLease[];
  get(name: string): KubeLease | undefined;
  create(name: string, spec: KubeLeaseSpec): KubeLease;
  update(name: string, spec: KubeLeaseSpec, resourceVersion: string): KubeLease;
  drop(name: string): void;
}

export function createLeases(revision: () => string): Leases {
  const leases = new Map<string, KubeLease>();

  function put(name: string, spec: KubeLeaseSpec): KubeLease {
    const lease = { name, resourceVersion: revision(), spec };
    leases.set(name, lease);
    return lease;
  }

  return {
    list: () => [...leases.values()],
    get: (name) => leases.get(name),
    drop: (name) => void leases.delete(name),
    create(name, spec) {
      if (leases.has(name))
        throw new ReasonedError('AlreadyExists', `cannot create Lease "${name}": it is there already`);
      return put(name, spec);
    },
    update(name, spec, resourceVersion) {
      const had = leases.get(name);
      if (had === undefined)
        throw new ReasonedError('NotFound', `cannot update Lease "${name}": it is not there`);
      if (had.resourceVersion !== resourceVersion)
        throw new ReasonedError('Conflict', `cannot update Lease "${name}": it was changed meanwhile`);
      return put(name, spec);
    },
  };
}
