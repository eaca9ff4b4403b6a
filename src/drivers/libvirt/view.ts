import type { Capabilities, DomainDocument, DomainModel } from '../../api/libvirt/domain.ts';
import type { NetworkDocument } from '../../api/libvirt/network.ts';
import type { DomainListing, NetworkListing } from '../virsh/listing.ts';

/** What libvirt says of the vmhost: asked once for each connection, since only another libvirtd says something else. */
export interface HostFacts extends Capabilities {
  /** The version of libvirt's daemon, such as "9.0.0". */
  readonly version: string;
}

/** A domain as it is defined and as it runs. */
export interface DomainRecord extends DomainListing {
  /** With its passwords: what is defined again from it loses none. */
  readonly config: DomainDocument;
  /** Present while it is neither shut off nor crashed. */
  readonly live?: DomainModel;
}

/** A network as it is defined and, while it is active, as it runs. */
export interface NetworkRecord extends NetworkListing {
  readonly config: NetworkDocument;
  readonly live?: NetworkDocument;
}

/** One side of one domain has a NIC of that MAC address. */
export interface MacHolder {
  readonly domain: string;
  readonly mac: string;
  readonly side: 'config' | 'live';
}

/** An interface of a domain that runs. */
export interface LiveInterface {
  readonly domain: string;
  /** The domain carries k8slab's mark. */
  readonly ours: boolean;
  readonly tap: string;
  readonly mac: string;
  /** The domain says itself what its MTU is. */
  readonly ownMtu?: true;
  readonly network?: string;
  readonly bridge?: string;
}

/** Where NICs are plugged in. */
export interface Segment {
  readonly network?: string;
  readonly bridges: readonly string[];
}

/** A domain or network that cannot be read or parsed; all else is as it is. */
export interface Unreadable {
  readonly kind: 'domain' | 'network';
  readonly name: string;
  readonly error: Error;
}

/** All domains at one moment, indexed. Lookups take no call and no search. */
export interface DomainSurvey {
  readonly domains: readonly DomainRecord[];
  /** What is asked about may be true of these as well. */
  readonly unreadable: readonly Unreadable[];
  readonly macHolders: (mac: string) => readonly MacHolder[];
  /** Names of the domains with a disk that is that file, as defined or as running. */
  readonly diskHolders: (file: string) => readonly string[];
  /** Interfaces on the network, and those on one of the bridges that name no network. */
  readonly interfacesOn: (segment: Segment) => readonly LiveInterface[];
  /** Names of the domains with a NIC on the network or one of the bridges, as defined or as running. */
  readonly usersOf: (segment: Segment) => readonly string[];
}

/** All networks at one moment. */
export interface NetworkSurvey {
  readonly networks: readonly NetworkRecord[];
  readonly unreadable: readonly Unreadable[];
}

/**
 * What libvirt has, from a cache of parsed documents: nothing is called while nothing changed. Errors are those of
 * Libvirt, of the whole when libvirt cannot be reached, else of the one object that is asked about. Records are shared:
 * they are not to be changed.
 */
export interface LibvirtView {
  /** Sorted by name. */
  readonly domains: () => Promise<readonly DomainListing[]>;
  readonly domain: (name: string) => Promise<DomainRecord | undefined>;
  /** Reads what is not known yet of any domain. */
  readonly survey: () => Promise<DomainSurvey>;
  /** What libvirt says of the vmhost; rejects while libvirt does not answer. */
  readonly host: () => Promise<HostFacts>;
  /** Sorted by name. */
  readonly networks: () => Promise<readonly NetworkListing[]>;
  readonly network: (name: string) => Promise<NetworkRecord | undefined>;
  /** Reads what is not known yet of any network. */
  readonly surveyNetworks: () => Promise<NetworkSurvey>;
}

/** What changed in libvirt; `all`: anything may have; `host`: whether libvirt answers. */
export type LibvirtChange = Suspicion | { readonly kind: 'host' };

/** What is no longer known to be as it was. */
export type Suspicion =
  { readonly kind: 'domain' | 'network'; readonly name: string } | { readonly kind: 'all' };
