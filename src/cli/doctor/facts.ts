import type { KvmVerdict } from '../../drivers/kvm/probe.ts';
import type { Firewall } from '../../drivers/firewall.ts';
import type { Interface } from '../../drivers/vmhost/interfaces.ts';
import type { Machine } from '../../drivers/vmhost/machine.ts';
import type { Program } from '../../drivers/vmhost/programs.ts';
import type { Route } from '../../drivers/routes.ts';
import type { Demand } from './demand.ts';
import type { Problem, Unknown } from './check.ts';

/** How packages are installed here. */
export type PackageFamily = 'debian' | 'fedora' | 'other';

export interface LibvirtFacts {
  /** Such as 9.0.0. */
  readonly version: string;
  readonly networks: readonly { readonly name: string; readonly cidr?: string; readonly bridge?: string }[];
  readonly runningDomains: readonly string[];
}

/** Those of libvirt's modular daemons that domains and networks need. */
export const MODULAR_DAEMONS = ['virtqemud', 'virtnetworkd'] as const;

/** Which of libvirt's daemons are active, or their sockets. */
export interface DaemonFacts {
  /** libvirtd. */
  readonly monolithic: boolean;
  readonly modular: readonly (typeof MODULAR_DAEMONS)[number][];
}

export interface SourceFact {
  readonly name: string;
  readonly source: string;
  /** Undefined: it is there. */
  readonly problem?: string | Unknown;
}

/** All that the checks look at; what could not be read says why. */
export interface Facts {
  readonly root: boolean;
  readonly user: string;
  readonly family: PackageFamily;
  readonly programs: ReadonlyMap<string, Program | undefined>;
  readonly libvirt: LibvirtFacts | { readonly error: string; readonly reason: string };
  readonly daemons: DaemonFacts | Unknown;
  readonly kvm: KvmVerdict;
  readonly domainType: 'auto' | 'kvm' | 'qemu';
  readonly machine: Machine | Unknown;
  readonly interfaces: readonly Interface[];
  readonly uplinks: readonly string[];
  readonly routes: readonly Route[];
  readonly ipForward: boolean | Unknown;
  readonly firewall: Firewall | Unknown;
  /** Firewalls with a policy of their own that are active. */
  readonly managers: readonly ('firewalld' | 'ufw')[] | Unknown;
  readonly port53Taken: boolean | Unknown;
  readonly storage: {
    readonly path: string;
    readonly free: number | Unknown;
    readonly disks: readonly string[] | Unknown;
  };
  readonly selinux: 'enforcing' | 'permissive' | 'off';
  /** Names of profiles that AppArmor enforces; undefined where it is off. */
  readonly apparmor: readonly string[] | undefined | Unknown;
  readonly groups: readonly string[] | Unknown;
  readonly nameservers: readonly string[] | Unknown;
  /** The line `hosts:` of nsswitch.conf. */
  readonly hostsSources: string | Unknown;
  readonly configError: string | undefined;
  readonly directory: {
    readonly path: string;
    readonly problem?: Problem;
  };
  readonly manifests:
    | { readonly count: number; readonly errors: readonly string[]; readonly warnings: readonly string[] }
    | Unknown;
  readonly demand: Demand;
  readonly sources: readonly SourceFact[];
  readonly secrets: readonly { readonly name: string; readonly problem?: Problem | Unknown }[];
}
