import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { watchDirs } from '../watch-dirs.ts';

/** What of libvirt's dnsmasq changed. */
export type DnsmasqChange =
  /** The lease file of a bridge. */
  | { readonly kind: 'leases'; readonly bridge: string }
  /** What libvirt wrote for the dnsmasq of a network. */
  | { readonly kind: 'definition'; readonly network: string }
  /** A file in one of k8slab's directories for a network. */
  | { readonly kind: 'hostFile'; readonly network: string; readonly path: string }
  /** Anything may have. */
  | { readonly kind: 'all' };

/** The file that k8slab writes in each of its directories. */
export const HOSTS = 'hosts';

export interface WatchOptions {
  readonly dir: string;
  readonly onChange: (change: DnsmasqChange) => void;
  /** Several changes of one file within this time are told once (ms). */
  readonly debounceMs: number;
  /** How often to look whether a directory was made or replaced, which a watch does not notice (ms). */
  readonly recheckMs: number;
}

const LEASES = /^(.+)\.status$/;
const LIBVIRTS = /^(.+)\.(?:conf|hostsfile|addnhosts)$/;
const HOST_DIR = /^k8slab-(.+)-(?:dhcp|dns)$/;

/** Watches the state directory of libvirt's dnsmasq and k8slab's directories in it. */
export function watchDnsmasq({ dir, onChange, debounceMs, recheckMs }: WatchOptions): { dispose(): void } {
  const timers = new Map<string, NodeJS.Timeout>();

  function later(path: string, change: DnsmasqChange): void {
    if (timers.has(path)) return;
    const timer = setTimeout(() => {
      timers.delete(path);
      onChange(change);
    }, debounceMs);
    timers.set(path, timer);
  }
  function changed(place: string, name: string | undefined): void {
    const network = HOST_DIR.exec(basename(place))?.[1];
    if (network !== undefined) {
      // dnsmasq reads no hidden file: what is half written, and the stamp of its last SIGHUP.
      if (name?.startsWith('.') === true) return;
      const path = join(place, name ?? HOSTS);
      later(path, { kind: 'hostFile', network, path });
    } else if (name !== undefined && HOST_DIR.test(name)) watches.refresh();
    else {
      const change = changeOf(name);
      if (change !== undefined) later(join(place, name ?? ''), change);
    }
  }
  const watches = watchDirs({ dirs: () => [dir, ...hostDirs(dir)], onChange: changed, recheckMs });
  return {
    dispose() {
      watches.dispose();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

function changeOf(name: string | undefined): DnsmasqChange | undefined {
  if (name === undefined) return { kind: 'all' };
  const bridge = LEASES.exec(name)?.[1];
  if (bridge !== undefined) return { kind: 'leases', bridge };
  const network = LIBVIRTS.exec(name)?.[1];
  return network === undefined ? undefined : { kind: 'definition', network };
}

function hostDirs(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => HOST_DIR.test(name))
      .map((name) => join(dir, name));
  } catch {
    return [];
  }
}
