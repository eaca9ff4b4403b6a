import { z } from 'zod';
import type { KubeLease, KubeLeases, KubeLeaseSpec } from '../kube.ts';
import { NAMESPACE } from '../../api/kinds/crd/access.ts';
import { KubeError } from './errors.ts';
import type { Transport } from './transport.ts';

const API = 'coordination.k8s.io/v1';
const PATH = `/apis/${API}/namespaces/${NAMESPACE}/leases`;
const kind = 'Lease';

const Lease = z.object({
  metadata: z.object({ name: z.string(), resourceVersion: z.string() }),
  spec: z
    .object({
      holderIdentity: z.string(),
      leaseDurationSeconds: z.number(),
      acquireTime: z.string(),
      renewTime: z.string(),
      leaseTransitions: z.number(),
    })
    .partial()
    .default({}),
});
const List = z.object({ items: z.array(Lease) });

export function createLeases({ request }: Pick<Transport, 'request'>): KubeLeases {
  function body(name: string, spec: KubeLeaseSpec, resourceVersion?: string): object {
    const metadata = {
      name,
      namespace: NAMESPACE,
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    return { apiVersion: API, kind, metadata, spec: inMicroseconds(spec) };
  }
  return {
    async list() {
      const what = `list Leases of ${NAMESPACE}`;
      return List.parse(await request({ verb: 'list', kind, what, path: PATH })).items.map(leaseOf);
    },
    async get(name) {
      try {
        return read(await request({ verb: 'get', kind, what: `get Lease "${name}"`, path: pathOf(name) }));
      } catch (error) {
        if (error instanceof KubeError && error.reason === 'NotFound') return undefined;
        throw error;
      }
    },
    async create(name, spec) {
      const what = `create Lease "${name}"`;
      return read(await request({ verb: 'create', kind, what, path: PATH, body: body(name, spec) }));
    },
    async update(name, spec, resourceVersion) {
      const what = `update Lease "${name}"`;
      const sent = { path: pathOf(name), body: body(name, spec, resourceVersion) };
      return read(await request({ verb: 'update', kind, what, ...sent }));
    },
  };
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

function read(answer: unknown): KubeLease {
  return leaseOf(Lease.parse(answer));
}

function leaseOf({ metadata: { name, resourceVersion }, spec }: z.infer<typeof Lease>): KubeLease {
  return { name, resourceVersion, spec: spec as KubeLeaseSpec };
}

/** metav1.MicroTime has six digits, no more and no fewer. */
function inMicroseconds({ acquireTime, renewTime, ...rest }: KubeLeaseSpec): KubeLeaseSpec {
  return {
    ...rest,
    ...(acquireTime === undefined ? {} : { acquireTime: microTime(acquireTime) }),
    ...(renewTime === undefined ? {} : { renewTime: microTime(renewTime) }),
  };
}

function microTime(time: string): string {
  const [, seconds = time, fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}
