import { tooOld } from '../libvirt/version.ts';
import type { LabNode, LabVmhost, Resources } from './lab.ts';
import type { Occupancy } from './occupancy.ts';
import { fits } from './resources.ts';

/** Why a vmhost does not take a Node. */
export type Obstacle =
  | { readonly type: 'Away' | 'Drained' | 'Cordoned' | 'Silent' | 'NoKvm' | 'LibvirtTooOld' }
  | { readonly type: 'Labels'; readonly labels: Readonly<Record<string, string>> }
  | { readonly type: 'Home'; readonly network: string; readonly vmhosts: ReadonlySet<string> }
  | { readonly type: 'Source'; readonly source: string; readonly vmhost: string }
  | { readonly type: 'Full'; readonly need: Resources; readonly free: Resources };

export function obstacle(node: LabNode, vmhost: LabVmhost, occupancy: Occupancy): Obstacle | undefined {
  const { asked } = node;
  if (vmhost.away) return { type: 'Away' };
  if (vmhost.drain) return { type: 'Drained' };
  if (vmhost.unschedulable) return { type: 'Cordoned' };
  const labels = asked?.vmhostSelector ?? {};
  if (Object.entries(labels).some(([key, value]) => vmhost.labels[key] !== value))
    return { type: 'Labels', labels };
  const { libvirtVersion } = vmhost;
  if (libvirtVersion !== undefined && tooOld(libvirtVersion) !== undefined) return { type: 'LibvirtTooOld' };
  if (asked?.domainType === 'kvm' && vmhost.domainType !== 'kvm') return { type: 'NoKvm' };
  const { cloneOf: source } = asked?.disk ?? {};
  const there = occupancy.vmhostOf.get(source ?? '');
  if (source !== undefined && there !== undefined && there !== vmhost.name)
    return { type: 'Source', source, vmhost: there };
  const home = occupancy.homes(node).find(({ vmhosts }) => !vmhosts.has(vmhost.name));
  if (home !== undefined) return { type: 'Home', ...home };
  const free = occupancy.free(vmhost);
  if (free === undefined) return { type: 'Silent' };
  const need = occupancy.requests(node);
  return fits(need, free) ? undefined : { type: 'Full', need, free };
}
