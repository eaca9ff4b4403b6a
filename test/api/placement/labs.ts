import type { Lab } from '../../../src/api/placement/lab.ts';
import {
  readImage,
  readNetwork,
  readNode,
  readVmhost,
  type StoredObject,
} from '../../../src/api/placement/read.ts';

/** Manifests of a lab as short as a test wants to say them. */
export interface LabText {
  readonly vmhosts?: Readonly<Record<string, VmhostText>>;
  readonly networks?: Readonly<Record<string, NetworkText>>;
  readonly nodes?: Readonly<Record<string, NodeText>>;
  readonly images?: Readonly<Record<string, object>>;
  readonly unconfirmed?: readonly string[];
}

interface VmhostText {
  readonly cpu?: string;
  readonly memory?: string;
  readonly storage?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly status?: object;
}

interface NetworkText {
  readonly spec?: object;
  readonly allocations?: readonly object[];
  readonly isFlat?: boolean;
}

interface NodeText {
  readonly vmhost?: string;
  readonly isRemoved?: boolean;
  readonly [field: string]: unknown;
}

export const NET = { net: {} };

export function labOf({ vmhosts = {}, networks = NET, nodes = {}, images = {}, unconfirmed }: LabText): Lab {
  return {
    vmhosts: Object.entries(vmhosts).map(([name, text]) => readVmhost(vmhostObject(name, text))),
    networks: Object.entries(networks).map(([name, text]) => readNetwork(networkObject(name, text))),
    nodes: Object.entries(nodes).map(([name, text]) => readNode(nodeObject(name, text))),
    images: Object.entries(images).map(([name, status]) => readImage({ metadata: { name }, status })),
    ...(unconfirmed === undefined ? {} : { unconfirmed: new Set(unconfirmed) }),
  };
}

function vmhostObject(
  name: string,
  { labels = {}, spec = {}, status = {}, ...room }: VmhostText,
): StoredObject {
  const allocatable = { cpu: '64', memory: '64Gi', storage: '1Ti', ...room };
  return { metadata: { name, labels }, spec, status: { allocatable, domainType: 'qemu', ...status } };
}

function networkObject(name: string, { spec = {}, allocations = [], isFlat }: NetworkText): StoredObject {
  const overlay = isFlat === true ? {} : { overlay: {} };
  return {
    metadata: { name },
    spec: { cidr: '10.0.0.0/24', podCIDR: { cidr: '10.200.0.0/16' }, ...overlay, ...spec },
    status: { allocations },
  };
}

function nodeObject(name: string, { vmhost, isRemoved, ...spec }: NodeText): StoredObject {
  return {
    metadata: { name, ...(isRemoved === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: {
      disk: { image: 'debian', size: '1Gi' },
      networks: [{ network: 'net' }],
      ...spec,
      vmhost: spec.pin,
    },
    status: vmhost === undefined ? {} : { vmhost },
  };
}
