/** A domain's state, as virDomainState names it. */
export type DomainState =
  'running' | 'shutoff' | 'paused' | 'crashed' | 'inshutdown' | 'pmsuspended' | 'unknown';

/** One line of the list of domains; `reason` is libvirt's number, whose meaning depends on the state. */
export interface DomainListing {
  name: string;
  uuid: string;
  state: DomainState;
  reason?: number;
}

export interface NetworkListing {
  name: string;
  uuid: string;
  active: boolean;
  autostart: boolean;
  persistent: boolean;
}

/** One change of a running (`live`) or defined (`config`) network; `section` as in `virsh net-update`. */
export interface NetworkUpdate {
  network: string;
  command: 'add' | 'add-first' | 'modify' | 'delete';
  section: string;
  /** One element, such as `<host mac=… ip=…/>`. */
  xml: string;
  live: boolean;
  config: boolean;
  /** Which `<ip>` or `<dns>` element, counted from 0; left out: libvirt chooses. */
  parentIndex?: number;
}

/** What goes with a domain when it is undefined; its disks never do. */
export interface UndefineOptions {
  nvram: boolean;
  managedSave: boolean;
  snapshotsMetadata: boolean;
}

/** The job of a domain, such as a backup. `operation` as in `virsh domjobinfo` ("Backup"). */
export interface DomainJob {
  state: 'none' | 'running' | 'completed' | 'failed' | 'cancelled';
  operation?: string;
  /** 0 to 1, where libvirt tells. */
  progress?: number;
  error?: string;
}

/** `domain`: something happened to that domain. `lost`: events may have been missed, look at everything. */
export type LibvirtEvent = { kind: 'domain'; name: string; event: string } | { kind: 'lost' };

/**
 * libvirt as the controllers see it. Every call throws VirshError (reasons: LibvirtUnreachable, PermissionDenied,
 * NotFound, AlreadyExists, InvalidXml, NoSpace, DeadlineExceeded, VirshMissing, OperationFailed), unless it says otherwise.
 * What is already as wanted (start of an active network, undefine of a missing one) is success.
 */
export interface Libvirt {
  /** The version of the daemon's library, such as "9.0.0". */
  version(): Promise<string>;
  /** XML. */
  capabilities(): Promise<string>;
  /** All domains, defined and transient, sorted by name: two calls for any number of them. */
  domains(): Promise<DomainListing[]>;
  /** Undefined when there is no such domain. `inactive`: the persistent definition, else the live one. */
  domainXml(name: string, options: { inactive: boolean }): Promise<string | undefined>;
  networks(): Promise<NetworkListing[]>;
  /** Undefined when there is no such network. `inactive`: the persistent definition, else the live one. */
  networkXml(name: string, options: { inactive: boolean }): Promise<string | undefined>;
  /** Defines or redefines; a running network is not touched. */
  defineNetwork(xml: string): Promise<void>;
  startNetwork(name: string): Promise<void>;
  destroyNetwork(name: string): Promise<void>;
  undefineNetwork(name: string): Promise<void>;
  setNetworkAutostart(name: string, on: boolean): Promise<void>;
  updateNetwork(update: NetworkUpdate): Promise<void>;
  /** Defines or redefines; a running domain is not touched. */
  defineDomain(xml: string): Promise<void>;
  startDomain(name: string): Promise<void>;
  /** Asks the guest to shut down (ACPI); returns at once. */
  shutdownDomain(name: string): Promise<void>;
  /** Pulls the plug. */
  destroyDomain(name: string): Promise<void>;
  /** Asks the guest to reboot (ACPI); returns at once. */
  rebootDomain(name: string): Promise<void>;
  undefineDomain(name: string, options: UndefineOptions): Promise<void>;
  /** Starts a push-mode backup (`xml`: `<domainbackup>`); returns at once, see `domainJob`. */
  beginBackup(name: string, xml: string): Promise<void>;
  /** The job that runs now, or else the last one that ended (asking for that one forgets it). */
  domainJob(name: string): Promise<DomainJob>;
  /** Ends the job that runs now; none is success. */
  abortDomainJob(name: string): Promise<void>;
  /** Begins to listen. `lost` is sent once listening, and after every gap. */
  events(onEvent: (event: LibvirtEvent) => void): { dispose(): Promise<void> };
  dispose(): Promise<void>;
}
