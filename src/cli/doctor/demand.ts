import { bridgeName } from '../../api/ipam/names.ts';
import { diskBytes, parseBytes } from '../../api/quantity.ts';
import type { ParsedObject } from '../../api/manifest/types.ts';

/** What the manifests ask of the vmhost. */
export interface Demand {
  readonly networks: readonly NetworkDemand[];
  readonly nodes: readonly NodeDemand[];
  readonly images: readonly { readonly name: string; readonly source: string }[];
  readonly secrets: readonly { readonly name: string; readonly path: string }[];
}

export interface NetworkDemand {
  readonly name: string;
  readonly cidr: string;
  readonly podRange?: string;
  readonly bridge: string;
  /** Whether guests shall reach the outside. */
  readonly forwards: boolean;
  readonly dev?: string;
}

export interface NodeDemand {
  readonly name: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes of disks that k8slab makes, as far as the manifest says. */
  readonly disks: number;
  readonly runs: boolean;
  readonly domainType?: 'kvm' | 'qemu';
}

export function demandOf(objects: readonly ParsedObject[]): Demand {
  return {
    networks: objects.flatMap((object) => (object.kind === 'Network' ? [networkDemand(object)] : [])),
    nodes: objects.flatMap((object) => (object.kind === 'Node' ? [nodeDemand(object)] : [])),
    images: objects.flatMap((object) =>
      object.kind === 'Image' ? [{ name: object.name, source: object.spec.source }] : [],
    ),
    secrets: objects.flatMap((object) =>
      object.kind === 'LoadBalancer' && object.spec.stats?.passwordFile !== undefined
        ? [{ name: object.name, path: object.spec.stats.passwordFile }]
        : [],
    ),
  };
}

function networkDemand({ name, spec }: ParsedObject<'Network'>): NetworkDemand {
  const { cidr, podCIDR, bridge, forward } = spec;
  return {
    name,
    cidr,
    bridge: bridge.name ?? bridgeName(name),
    forwards: forward.mode !== 'isolated',
    ...(podCIDR === undefined ? {} : { podRange: podCIDR.cidr }),
    ...(forward.dev === undefined ? {} : { dev: forward.dev }),
  };
}

function nodeDemand({ name, spec }: ParsedObject<'Node'>): NodeDemand {
  const { cpus, memory, disk, power, domainType } = spec;
  return {
    name,
    cpus,
    memory: parseBytes(memory),
    disks: disk.size === undefined || disk.path !== undefined ? 0 : diskBytes(disk.size),
    runs: power === 'Running',
    ...(domainType === undefined || domainType === 'auto' ? {} : { domainType }),
  };
}
