import { formatAge } from '../age.ts';
import { findCondition, isTrue, PENDING_TYPES, READY, REMOVAL_HELD } from '../conditions.ts';
import type { ApiObject, Kind } from '../meta.ts';
import type { HostObject, ImageObject, LoadBalancerObject, NetworkObject, NodeObject } from './objects.ts';
import { formatBytes, parseBytes } from '../quantity.ts';
import { isServerUp } from '../load-balancer/status.ts';

/** meta.k8s.io/v1 Table, as kubectl asks the server for it. */
export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: 'meta.k8s.io/v1';
  readonly columnDefinitions: readonly {
    readonly name: string;
    readonly type: 'string';
    readonly priority: number;
  }[];
  readonly rows: readonly { readonly cells: readonly string[]; readonly object: ApiObject }[];
}

interface Column<O> {
  readonly name: string;
  /** Only with -o wide. */
  readonly wide?: true;
  readonly cell: (object: O, now: number) => string;
}

/** @param now milliseconds since the epoch, for AGE */
export function renderTable(kind: Kind, objects: readonly ApiObject[], now: number): Table {
  const columns = COLUMNS[kind];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    columnDefinitions: columns.map(({ name, wide }) => ({
      name,
      type: 'string',
      priority: wide === undefined ? 0 : 1,
    })),
    rows: objects.map((object) => ({ cells: columns.map(({ cell }) => cell(object, now)), object })),
  };
}

const NONE = '<none>';

const name: Column<ApiObject> = { name: 'Name', cell: ({ metadata }) => metadata.name };
const ready: Column<ApiObject> = {
  name: 'Ready',
  cell: ({ status }) => findCondition(status.conditions, READY)?.status ?? 'Unknown',
};
const reason: Column<ApiObject> = {
  name: 'Status',
  cell: ({ metadata, status }) => {
    const why = findCondition(status.conditions, READY)?.reason ?? 'Pending';
    const shown = metadata.deletionTimestamp === undefined ? why : 'Terminating';
    const beside = [REMOVAL_HELD, ...PENDING_TYPES].filter((type) => isTrue(status.conditions, type));
    return [...new Set([shown, ...beside])].join(',');
  },
};
const age: Column<ApiObject> = {
  name: 'Age',
  cell: ({ metadata }, now) => formatAge((now - Date.parse(metadata.creationTimestamp)) / 1000),
};
const message: Column<ApiObject> = {
  name: 'Message',
  wide: true,
  cell: ({ status }) => findCondition(status.conditions, READY)?.message.replaceAll(' ', '-') || NONE,
};

const network: readonly Column<NetworkObject>[] = [
  { name: 'Domain', cell: ({ spec }) => spec.domain ?? NONE },
  { name: 'CIDR', cell: ({ spec }) => spec.cidr },
  { name: 'Bridge', cell: ({ status }) => status.bridge ?? NONE },
  { name: 'Nodes', cell: ({ status }) => String(status.entries?.length ?? 0) },
];
const image: readonly Column<ImageObject>[] = [
  { name: 'Format', cell: ({ status }) => status.format ?? NONE },
  {
    name: 'Size',
    cell: ({ status }) => (status.virtualSize === undefined ? NONE : formatBytes(status.virtualSize)),
  },
  { name: 'SHA256', wide: true, cell: ({ status }) => status.sha256?.slice(0, 12) ?? NONE },
  { name: 'Path', wide: true, cell: ({ status }) => status.path ?? NONE },
];
const node: readonly Column<NodeObject>[] = [
  { name: 'Role', cell: ({ spec }) => spec.role ?? NONE },
  { name: 'Address', cell: ({ status }) => status.address ?? NONE },
  { name: 'MAC', wide: true, cell: ({ status }) => status.mac ?? NONE },
  { name: 'CPUs', wide: true, cell: ({ spec, status }) => becoming(status.cpus, spec.cpus, String) },
  {
    name: 'Memory',
    wide: true,
    cell: ({ spec, status }) => becoming(status.memory, mebibytes(spec.memory), formatMebibytes),
  },
  { name: 'Pod-CIDR', wide: true, cell: ({ status }) => status.podCIDR ?? NONE },
  { name: 'Type', wide: true, cell: ({ status }) => status.domainType ?? NONE },
];
const loadBalancer: readonly Column<LoadBalancerObject>[] = [
  { name: 'Node', cell: ({ spec }) => spec.node },
  { name: 'Address', cell: ({ status }) => status.address ?? NONE },
  { name: 'Ports', cell: ({ spec }) => spec.frontends.map(({ port }) => port).join(',') },
  { name: 'Servers', cell: serversUp },
  { name: 'Version', wide: true, cell: ({ status }) => status.version ?? NONE },
];
const host: readonly Column<HostObject>[] = [
  { name: 'Libvirt', cell: ({ status }) => status.libvirtVersion ?? NONE },
  { name: 'Domain-Type', cell: ({ status }) => status.domainType ?? NONE },
];

/** What the guest has and what it shall have: `1->3` until it restarts, then `3`. */
function becoming(has: number | undefined, wanted: number, format: (value: number) => string): string {
  return has === undefined || has === wanted ? format(wanted) : `${format(has)}->${format(wanted)}`;
}

/** As libvirt counts the memory of a running guest. */
function mebibytes(quantity: string): number {
  return Math.ceil(parseBytes(quantity) / 1024 ** 2);
}

function formatMebibytes(count: number): string {
  return formatBytes(count * 1024 ** 2);
}

/** `2/3`: how many of them are up. */
function serversUp({ status: { servers = [] } }: LoadBalancerObject): string {
  return `${servers.filter(isServerUp).length}/${servers.length}`;
}

function around(own: readonly Column<never>[]): readonly Column<ApiObject>[] {
  return [name, ...(own as readonly Column<ApiObject>[]), ready, reason, message, age];
}

const COLUMNS: Readonly<Record<Kind, readonly Column<ApiObject>[]>> = {
  Network: around(network),
  Image: around(image),
  Node: around(node),
  LoadBalancer: around(loadBalancer),
  Host: around(host),
};
