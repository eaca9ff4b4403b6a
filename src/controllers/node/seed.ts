import { createHash } from 'node:crypto';
import { cloudInitHash, renderSeed, type CloudInitInput } from '../../api/node/render-cloud-init.ts';
import type { ObservedNode } from '../../api/node/observed.ts';
import type { NodeDeps } from './deps.ts';

type Domain = ObservedNode['domain'];

/** A seed is named by what the guest was told at its first boot, and by its host key. */
export function seedHash(told: string, publicKey: string): string {
  return createHash('sha256').update(told).update(publicKey).digest('hex');
}

/** What the seed says is of now; its name is the one that the definition of an existing domain has. */
export async function writeSeed(
  deps: NodeDeps,
  cloudInit: CloudInitInput,
  { domain, disk }: ObservedNode,
): Promise<void> {
  const key = await deps.hostKey(cloudInit.node);
  const told = toldAtFirstBoot(domain) ?? disk.firstBoot ?? cloudInitHash(cloudInit);
  const hash = seedHash(told, key.publicKey);
  await deps.seeds.write(cloudInit.node, hash, renderSeed(cloudInit, key));
}

/** Whether the seed that the definition names is there; undefined: there is none of k8slab's, or nobody needs it. */
export async function isSeedThere(
  deps: NodeDeps,
  name: string,
  domain: Domain,
): Promise<boolean | undefined> {
  const told = toldAtFirstBoot(domain);
  if (domain === undefined || told === undefined) return undefined;
  if (domain.state !== 'shutoff' && domain.state !== 'crashed') return undefined;
  const { publicKey } = await deps.hostKey(name);
  const hash = seedHash(told, publicKey);
  const path = deps.seeds.path(name, hash);
  const named = domain.config.model.disks.some(({ file }) => file === path);
  return named ? deps.seeds.exists(name, hash) : undefined;
}

function toldAtFirstBoot(domain: Domain): string | undefined {
  const told = domain?.config.model.mark?.cloudInit ?? '';
  return told === '' ? undefined : told;
}
