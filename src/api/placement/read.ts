import { z } from 'zod';
import { explainError } from '../errors.ts';
import { onceEach } from '../once-each.ts';
import { AWAY } from './away.ts';
import { byteQuantity, ipv4, ipv4Cidr, ipv4Range, labelMap, objectName } from '../kinds/fields.ts';
import { networkAddresses } from '../ipam/network-addresses.ts';
import { diskBytes, parseBytes } from '../quantity.ts';
import type { Lab, LabImage, LabNetwork, LabNode, LabVmhost, NetworkAsk, NodeAsk, Resources } from './lab.ts';

/** An object as an API server has it. */
export interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

// Only what placement goes by is read, so that a field that a newer release added keeps nobody from being placed.
const bytesAsked = byteQuantity.transform((text, context) => {
  try {
    return diskBytes(text);
  } catch (error) {
    context.addIssue(explainError(error));
    return z.NEVER;
  }
});

const nodeSpec = z.object({
  role: z.string().optional(),
  cpus: z.int().min(1).default(1),
  memory: bytesAsked.prefault('1Gi'),
  disk: z.object({
    size: bytesAsked.optional(),
    image: objectName.optional(),
    cloneOf: objectName.optional(),
    path: z.string().optional(),
  }),
  networks: z.array(z.object({ network: objectName, address: ipv4.optional() })).min(1),
  podCIDR: ipv4Cidr.optional(),
  domainType: z.string().optional(),
  vmhost: z.string().optional(),
  vmhostSelector: z.object({ matchLabels: labelMap }).optional(),
  policy: z.object({ adopt: z.boolean().default(false) }).prefault({}),
});

const networkSpec = z.object({
  cidr: ipv4Cidr,
  gateway: ipv4.optional(),
  dhcp: z
    .object({ start: ipv4.optional(), end: ipv4.optional(), exclude: z.array(ipv4Range).optional() })
    .prefault({}),
  dns: z.object({ records: z.array(z.object({ address: ipv4 })).default([]) }).prefault({}),
  podCIDR: z.object({ cidr: ipv4Cidr, nodeMaskSize: z.int().min(8).max(30).default(24) }).optional(),
  overlay: z.unknown().optional(),
});

const nodeStatus = z.object({ vmhost: z.string().optional() });
const networkStatus = z.object({
  allocations: z
    .array(z.object({ node: z.string(), address: z.string(), podCIDR: z.string().optional() }))
    .default([]),
});
const imageStatus = z.object({ virtualSize: z.number().optional() });

const quantity = z.union([z.string(), z.number()]);
const vmhostSpec = z.object({ unschedulable: z.boolean().default(false), drain: z.boolean().default(false) });
const vmhostStatus = z.object({
  libvirtVersion: z.string().optional(),
  domainType: z.string().optional(),
  allocatable: z
    .object({ cpu: quantity.optional(), memory: quantity.optional(), storage: quantity.optional() })
    .optional(),
  images: z.array(z.string()).default([]),
  conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string() })).default([]),
});

type LabKind = 'Vmhost' | 'Network' | 'Node' | 'Image';

export function readLab(objects: (kind: LabKind) => Iterable<StoredObject>): Lab {
  return {
    vmhosts: Array.from(objects('Vmhost'), readVmhost),
    networks: Array.from(objects('Network'), readNetwork),
    nodes: Array.from(objects('Node'), readNode),
    images: Array.from(objects('Image'), readImage),
  };
}

export const readNode = onceEach((object: StoredObject): LabNode => {
  const { metadata, spec = {}, status = {} } = object;
  const { vmhost = '' } = nodeStatus.safeParse(status).data ?? {};
  const read = nodeSpec.safeParse(spec);
  return {
    name: metadata.name,
    isRemoved: metadata.deletionTimestamp !== undefined,
    ...(vmhost === '' ? {} : { vmhost }),
    ...(read.success ? { asked: nodeAsk(read.data) } : { unreadable: firstIssue(read.error) }),
  };
});

function nodeAsk(spec: z.output<typeof nodeSpec>): NodeAsk {
  const { vmhostSelector, cpus, policy, ...rest } = spec;
  return defined({
    ...rest,
    cpu: cpus,
    adopts: policy.adopt,
    vmhostSelector: vmhostSelector?.matchLabels,
  }) as NodeAsk;
}

export const readNetwork = onceEach((object: StoredObject): LabNetwork => {
  const { metadata, spec = {}, status = {} } = object;
  const read = networkSpec.safeParse(spec);
  return {
    name: metadata.name,
    isRemoved: metadata.deletionTimestamp !== undefined,
    ...(read.success ? { asked: networkAsk(read.data) } : {}),
    allocations: (networkStatus.safeParse(status).data?.allocations ?? []) as LabNetwork['allocations'],
  };
});

function networkAsk({ overlay, dns, podCIDR, ...spec }: z.output<typeof networkSpec>): NetworkAsk {
  return {
    addresses: networkAddresses(spec),
    hasOverlay: overlay !== undefined && overlay !== null,
    recorded: dns.records.map(({ address }) => address),
    ...(podCIDR === undefined ? {} : { podCIDR }),
  };
}

export const readImage = onceEach((object: StoredObject): LabImage => {
  const { virtualSize } = imageStatus.safeParse(object.status ?? {}).data ?? {};
  return { name: object.metadata.name, ...(virtualSize === undefined ? {} : { virtualSize }) };
});

export const readVmhost = onceEach((object: StoredObject): LabVmhost => {
  const { metadata, spec, status } = object;
  const told = vmhostSpec.safeParse(spec ?? {}).data;
  const said = vmhostStatus.safeParse(status ?? {}).data;
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    // A spec that cannot be read may well say that nothing shall come.
    unschedulable: told?.unschedulable ?? true,
    drain: told?.drain ?? false,
    away: said?.conditions.some(({ type, status: is, reason }) => isAway(type, is, reason)) ?? false,
    ...(said?.allocatable === undefined ? {} : { allocatable: resources(said.allocatable) }),
    ...(said?.domainType === undefined ? {} : { domainType: said.domainType }),
    ...(said?.libvirtVersion === undefined ? {} : { libvirtVersion: said.libvirtVersion }),
    images: new Set(said?.images),
  };
});

function isAway(type: string, status: string, reason: string): boolean {
  return type === 'Ready' && status === 'Unknown' && reason === AWAY;
}

type Said = Readonly<Partial<Record<keyof Resources, string | number | undefined>>>;

function resources({ cpu, memory, storage }: Said): Resources {
  return { cpu: cores(cpu), memory: bytes(memory), storage: bytes(storage) };
}

/** `2` or `1500m`. */
function cores(said: string | number = Infinity): number {
  const text = String(said);
  const value = text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
  return Number.isNaN(value) ? 0 : value;
}

function bytes(said: string | number = Infinity): number {
  if (typeof said === 'number') return said;
  try {
    return said === '0' ? 0 : parseBytes(said);
  } catch {
    return 0;
  }
}

function firstIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  return issue === undefined ? 'its spec cannot be read' : `spec.${issue.path.join('.')}: ${issue.message}`;
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
