import type { ObjectOf } from '../../api/meta.ts';
import type { Haproxy } from '../../drivers/haproxy.ts';
import type { DomainState } from '../../drivers/libvirt.ts';
import type { DnsProbe } from '../../drivers/resolver.ts';
import type { Ssh } from '../../drivers/ssh.ts';

/** What is looked at, in the order in which it is printed. */
export const CHECKS = [
  'network',
  'machine',
  'lease',
  'dns',
  'hosts',
  'inventory',
  'ssh',
  'guest-dns',
  'ping',
  'haproxy',
  'backend',
  'frontend',
] as const;
export type CheckName = (typeof CHECKS)[number];

export interface Check {
  /** Such as `node/master00`. */
  readonly object: string;
  readonly check: CheckName;
  readonly result: 'ok' | 'failed' | 'skipped';
  readonly seconds: number;
  /** What was found; of one that failed, what should have been. */
  readonly message: string;
}

export type Verdict = Pick<Check, 'result' | 'message'>;

/** Where a guest is to be found on one network. */
export interface Place {
  readonly network: string;
  readonly gateway: string | undefined;
  readonly ip: string;
  readonly mac: string;
  /** The full name first. */
  readonly hostnames: readonly string[];
}

export interface WantedGuest {
  readonly name: string;
  readonly role: string | undefined;
  readonly user: string;
  readonly running: boolean;
  /** Others made it: its name and its addressing are its own. */
  readonly adopted: boolean;
  /** Whether the vmhost's files name it. */
  readonly named: boolean;
  readonly hostKey: string | undefined;
  /** Another vmhost that it is on; undefined: it is on this one. */
  readonly elsewhere?: string | undefined;
  /** The first one names it. */
  readonly places: readonly Place[];
}

export interface WantedBalancer {
  readonly name: string;
  readonly node: WantedGuest;
  readonly frontends: readonly WantedFrontend[];
}

export interface WantedFrontend {
  readonly name: string;
  readonly port: number;
  readonly address: string | undefined;
  readonly backend: string;
  readonly servers: readonly { readonly node: string; readonly ip: string; readonly port: number }[];
}

export interface Wanted {
  readonly networks: readonly string[];
  readonly guests: readonly WantedGuest[];
  readonly balancers: readonly WantedBalancer[];
  /** Whose names guests are asked for, and who is pinged. */
  readonly all: readonly WantedGuest[];
}

export interface Objects {
  readonly nodes: readonly ObjectOf<'Node'>[];
  readonly networks: readonly ObjectOf<'Network'>[];
  readonly balancers: readonly ObjectOf<'LoadBalancer'>[];
}

/** By full name, as the inventory has it. */
export interface InventoryHost {
  readonly address: string | undefined;
  readonly groups: readonly string[];
}

/** Where verify looks, by itself: nothing of it asks the daemon. */
export interface VerifyWorld {
  readonly domains: () => Promise<ReadonlyMap<string, DomainState>>;
  /** Names of the networks that are active. */
  readonly networks: () => Promise<ReadonlySet<string>>;
  readonly leases: (network: string) => Promise<readonly LeaseLine[]>;
  readonly dns: DnsProbe;
  /** As the vmhost's programs resolve, by its NSS. */
  readonly resolve: {
    readonly addresses: (name: string) => Promise<readonly string[]>;
    readonly name: (address: string) => Promise<string>;
  };
  /** Undefined: the daemon does not write it. */
  readonly hosts: (() => Promise<string>) | undefined;
  readonly inventory: (() => Promise<ReadonlyMap<string, InventoryHost>>) | undefined;
  readonly ssh: Pick<Ssh, 'exec' | 'answers'>;
  readonly haproxy: Pick<Haproxy, 'look'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface LeaseLine {
  readonly mac: string;
  readonly ip: string;
  readonly expires: string;
}
