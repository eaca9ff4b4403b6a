import type { NetworkModel } from '../libvirt/network.ts';

/** The directories that a network's dnsmasq reads beside libvirt's own files (libvirt-facts T23). */
export interface HostDirs {
  readonly dhcp: string;
  readonly dns: string;
}

/** The lines of <dnsmasq:options> that name them. */
export function hostDirOptions({ dhcp, dns }: HostDirs): string[] {
  return [`dhcp-hostsdir=${dhcp}`, `hostsdir=${dns}`];
}

/** Whether the running dnsmasq was started with them. */
export function readsHostFiles(dirs: HostDirs, live: NetworkModel): boolean {
  const options = new Set(live.options);
  return hostDirOptions(dirs).every((option) => options.has(option));
}

/** Whether the running dnsmasq may read one of them. */
export function mayReadHostFiles(dirs: HostDirs, live: NetworkModel | undefined): boolean {
  return live === undefined || hostDirOptions(dirs).some((option) => live.options.includes(option));
}
