import type { WaitingReason } from '../disruption/waiting.ts';

/** One machine's part of a network: reservation and names that k8slab wrote into it. */
export interface NetworkEntry {
  readonly node: string;
  readonly mac: string;
  readonly ip: string;
  /** Pod network cut for it out of the network's podCIDR. */
  readonly podCIDR?: string;
  /** The first is the name of the reservation and what a reverse lookup answers. */
  readonly hostnames: readonly string[];
}

export interface LiveEntry extends NetworkEntry {
  /** The running dnsmasq gives the address and answers the names. */
  readonly live: boolean;
  /** False: the network's definition does not have it yet, so that it would be lost at the next start. */
  readonly defined?: boolean;
  /** Others made it, and it is as they made it: no guest is made to follow it. */
  readonly found?: true;
}

/** Why a Node gets nothing new from a network. */
export interface Refusal {
  readonly node: string;
  readonly reason: WaitingReason;
  readonly message: string;
}
