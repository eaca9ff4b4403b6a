import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { adoptionManifests, type Adoption, type AdoptedFile } from '../api/adopt/manifests.ts';
import type { FoundDomain, FoundNetwork, FoundWorld } from '../api/adopt/world.ts';
import { ReasonedError } from '../api/errors.ts';
import { parseDomain } from '../api/libvirt/domain.ts';
import { parseNetwork } from '../api/libvirt/network.ts';
import { createExclusive, readIfExists } from '../drivers/files.ts';
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

/** Writes each file, unless one of that name is there: then none is written. @returns their paths */
export async function writeAdoption(directory: string, files: readonly AdoptedFile[]): Promise<string[]> {
  const wanted = files.map(({ name, text }) => ({ path: join(directory, name), text }));
  for (const { path } of wanted) if ((await readIfExists(path)) !== undefined) throw fileExists(path);
  await mkdir(directory, { recursive: true });
  for (const { path, text } of wanted) {
    if (!(await createExclusive(path, text, 0o644))) throw fileExists(path);
  }
  return wanted.map(({ path }) => path);
}

function fileExists(path: string): ReasonedError {
  const hint = 'move it away, or choose another directory; nothing is overwritten';
  return new ReasonedError('FileExists', `cannot write "${path}": there is such a file`, { hint });
}
