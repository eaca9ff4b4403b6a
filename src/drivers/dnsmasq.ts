/** A lease as libvirt's lease helper records it. Addresses and MACs as written there (MAC in lower case). */
export interface Lease {
  mac: string;
  ip: string;
  hostname?: string;
  clientId?: string;
  /** Seconds since the epoch. */
  expiry: number;
}

export interface Reservation {
  mac: string;
  ip: string;
  name: string;
}

export interface HostNames {
  ip: string;
  /** First the canonical one. */
  hostnames: string[];
}

/** What a network's dnsmasq reads beside libvirt's own files. */
export interface HostFiles {
  reservations: Reservation[];
  names: HostNames[];
}

/** The two directories that the network's `dnsmasq:options` name as dhcp-hostsdir and hostsdir. */
export interface HostDirs {
  dhcp: string;
  dns: string;
}

/** libvirt's dnsmasq: the files it writes (leases) and the directories it reads. Errors: DnsmasqError. */
export interface Dnsmasq {
  /** Leases on a bridge, expired ones too; none when there is no status file. */
  leases(bridge: string): Promise<Lease[]>;
  hostDirs(network: string): HostDirs;
  /** Nothing when a file or directory is missing; lines that are not ours to read are left out. */
  readHostFiles(network: string): Promise<HostFiles>;
  /** Makes the directories and replaces each file whole, where its content differs. True when one was written. */
  writeHostFiles(network: string, files: HostFiles): Promise<boolean>;
  /** Removes the directories; missing ones are success. */
  removeHostFiles(network: string): Promise<void>;
  /** SIGHUP to the network's dnsmasq. False when none runs. */
  reload(network: string): Promise<boolean>;
  /** Tells that leases or network files changed: look again. Begins at once; missed changes are possible. */
  watch(onChange: () => void): { dispose(): Promise<void> };
}
