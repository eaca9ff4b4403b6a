import { adoptionManifests, type Adoption, type AdoptedFile } from '../api/adopt/manifests.ts';
import type { FoundDomain, FoundNetwork, FoundWorld } from '../api/adopt/world.ts';
import { parseDomain } from '../api/libvirt/domain.ts';
import { parseNetwork } from '../api/libvirt/network.ts';
import type { DomainListing, Libvirt, NetworkListing } from '../drivers/libvirt.ts';

/** The part of libvirt that adopting reads. */
export type LibvirtReads = Pick<Libvirt, 'networks' | 'networkXml' | 'domains' | 'domainXml'>;

/** Manifests of what libvirt has; changes nothing and needs no daemon. */
export async function adopt(libvirt: LibvirtReads, words: readonly string[]): Promise<Adoption> {
  return adoptionManifests(await readWorld(libvirt), words);
}

async function readWorld(libvirt: LibvirtReads): Promise<FoundWorld> {
  const [networks, domains] = await Promise.all([libvirt.networks(), libvirt.domains()]);
  return {
    networks: (await Promise.all(networks.map((listing) => readNetwork(libvirt, listing)))).flat(),
    domains: (await Promise.all(domains.map((listing) => readDomain(libvirt, listing)))).flat(),
  };
}

/** What is gone meanwhile is left out. */
async function readNetwork(libvirt: LibvirtReads, listing: NetworkListing): Promise<FoundNetwork[]> {
  const { name, active, autostart, persistent } = listing;
  const config = await libvirt.networkXml(name, { inactive: persistent });
  const live = active ? await libvirt.networkXml(name, { inactive: false }) : undefined;
  if (config === undefined) return [];
  const running = live === undefined ? {} : { live: parseNetwork(live) };
  return [{ name, active, autostart, persistent, config: parseNetwork(config), ...running }];
}

async function readDomain(libvirt: LibvirtReads, { name, state }: DomainListing): Promise<FoundDomain[]> {
  const config = await libvirt.domainXml(name, { inactive: true });
  return config === undefined ? [] : [{ name, state, config: parseDomain(config) }];
}

/** All files as one, for standard output. */
export function printAdoption(files: readonly AdoptedFile[]): string {
  return files.map(({ text }) => text).join('---\n');
}
