import type { NetworkDocument } from '../libvirt/network.ts';
import type { HostFiles } from './actions.ts';
import type { ObservedOverlay } from './overlay-observed.ts';

/** An interface of a running domain that is plugged into the network. */
export interface NetworkGuest {
  readonly domain: string;
  /** Whether the domain carries our mark. */
  readonly ours: boolean;
  /** The tap on the vmhost. */
  readonly tap: string;
  /** Lower case. */
  readonly mac?: string;
  /** The bridge that the tap is a port of now. */
  readonly master?: string;
  /** Of the tap, in bytes; left out where the domain says itself what it shall be. */
  readonly mtu?: number;
}

/** What else uses addresses or bridges on the vmhost. */
export interface Neighbours {
  /** All libvirt networks but this one that could be read. */
  readonly networks: readonly { readonly name: string; readonly bridge?: string; readonly cidr?: string }[];
  /** libvirt networks that could not be read, and why: they may have any bridge and any addresses. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
  /** Routes of the vmhost; the default route is none of them. */
  readonly routes: readonly { readonly dev: string; readonly cidr: string }[];
  /** Whether an interface has the name that the bridge shall have. */
  readonly bridgeNameTaken: boolean;
  /** The interface that traffic is to leave by is not there. */
  readonly uplinkMissing?: boolean;
}

/** What the vmhost's firewall does with what guests send beyond it. */
export interface ObservedFirewall {
  readonly forwardPolicy: string;
  readonly accepted: readonly string[];
  readonly masqueraded: readonly string[];
}

/** The dnsmasq of a running network. */
export interface ObservedDnsmasq {
  readonly running: boolean;
  /** A file that it reads changed since it last read all of them, so that it may hold what is gone. */
  readonly unread: boolean;
}

/** What libvirt, dnsmasq and the kernel say of one network; `config` and `live` are read and compared separately. */
export interface ObservedNetwork {
  readonly config?: NetworkDocument;
  readonly live?: NetworkDocument;
  readonly active: boolean;
  /** libvirt has a definition of it; without one it is gone once it stops, and `config` is what runs. */
  readonly persistent: boolean;
  readonly autostart: boolean;
  readonly hostFiles: HostFiles;
  /** Left out where nothing is known, as while the network is not active. */
  readonly dnsmasq?: ObservedDnsmasq;
  /** Leases that have not expired. */
  readonly leases?: readonly { readonly ip: string; readonly mac: string }[];
  readonly guests: readonly NetworkGuest[];
  /** All ports of the running bridge: taps of guests, and what others plugged in. */
  readonly ports: readonly string[];
  /** Ports of the bridge that keeps guests together during a restart; undefined when there is no such bridge. */
  readonly parked?: readonly string[];
  /** net.bridge.bridge-nf-call-iptables is 1. */
  readonly filtersFrames: boolean;
  /** Undefined where it could not be asked. */
  readonly firewall?: ObservedFirewall;
  /** Content of the vmhost's /etc/resolv.conf. */
  readonly resolvConf?: string;
  readonly neighbours: Neighbours;
  /** Left out where the manifest asks for no overlay and there is none. */
  readonly overlay?: ObservedOverlay;
  /** Why it could not be looked at. */
  readonly overlayUnread?: string;
  /**
   * The mark in the model is the one that it gets with the first change: others made the `network`, or some `entries`
   * of it that belong to Nodes now.
   */
  readonly adopting?: 'network' | 'entries';
  /** The restart to this signature failed, and why. */
  readonly failedRestart?: { readonly signature: string; readonly message: string };
}

/** Running domains on the network, by name, each once. */
export function guestNames({ guests }: ObservedNetwork): string[] {
  return [...new Set(guests.map(({ domain }) => domain))].sort();
}
