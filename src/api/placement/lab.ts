import type { NetworkAddresses } from '../ipam/network-addresses.ts';

/** What placement knows of a lab over many vmhosts: what people asked for, what is bound, and who is there to take more. */
export interface Lab {
  readonly vmhosts: readonly LabVmhost[];
  readonly networks: readonly LabNetwork[];
  readonly nodes: readonly LabNode[];
  readonly images: readonly LabImage[];
  /** Nodes that are not among `nodes` and of which nobody knows that they are gone: what they were given stays theirs. */
  readonly unconfirmed?: ReadonlySet<string>;
}

export interface Resources {
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
  readonly storage: number;
}

export interface LabVmhost {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unschedulable: boolean;
  readonly drain: boolean;
  readonly away: boolean;
  /** What guests may have of it in all; infinite where it says nothing of one of them. */
  readonly allocatable?: Resources;
  readonly domainType?: string;
  readonly libvirtVersion?: string;
  /** Images that are there. */
  readonly images: ReadonlySet<string>;
}

export interface LabAllocation {
  readonly node: string;
  readonly address: string;
  readonly podCIDR?: string;
}

export interface LabNetwork {
  readonly name: string;
  readonly isRemoved: boolean;
  /** Undefined where the spec cannot be read: nothing new is given, and nothing is taken away. */
  readonly asked?: NetworkAsk;
  readonly allocations: readonly LabAllocation[];
}

export interface NetworkAsk {
  readonly addresses: NetworkAddresses;
  /** One network over all vmhosts; otherwise it lives on one of them. */
  readonly hasOverlay: boolean;
  /** Addresses that its own DNS records name. */
  readonly recorded: readonly string[];
  readonly podCIDR?: { readonly cidr: string; readonly nodeMaskSize: number };
}

export interface LabNode {
  readonly name: string;
  readonly isRemoved: boolean;
  /** The vmhost that it is bound to. */
  readonly vmhost?: string;
  /** Undefined where the spec cannot be read. */
  readonly asked?: NodeAsk;
  /** Why it cannot. */
  readonly unreadable?: string;
}

export interface NodeAsk {
  readonly role?: string;
  readonly cpu: number;
  readonly memory: number;
  readonly disk: {
    readonly size?: number;
    readonly image?: string;
    readonly cloneOf?: string;
    readonly path?: string;
  };
  readonly networks: readonly {
    readonly network: string;
    readonly address?: string;
  }[];
  readonly podCIDR?: string;
  /** Its guest was made by others. */
  readonly adopts: boolean;
  readonly domainType?: string;
  readonly vmhost?: string;
  readonly vmhostSelector?: Readonly<Record<string, string>>;
}

export interface LabImage {
  readonly name: string;
  /** Bytes of a disk that starts from it. */
  readonly virtualSize?: number;
}
