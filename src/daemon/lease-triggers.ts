import { isElsewhere } from '../api/meta.ts';
import type { ObjectOf, ObjectStore } from '../controllers/objects.ts';
import type { LabChange } from '../drivers/dnsmasq.ts';
import type { Enqueue } from './triggers.ts';

type LeaseChange = Extract<LabChange, { kind: 'leases' }>;

/** Looks again at the Nodes whose leases changed, and at a Network where somebody who is none of its Nodes has other ones. */
export function enqueueLeases(
  store: ObjectStore,
  { bridge, macs, ips }: LeaseChange,
  enqueue: Enqueue,
): void {
  for (const { metadata, status } of store.list('Network')) {
    if (status.bridge !== bridge) continue;
    const entries = status.entries ?? [];
    const concerned = entries.filter(({ mac, ip }) => macs.has(mac) || ips.has(ip));
    for (const { node } of concerned) if (store.get('Node', node) !== undefined) enqueue('Node', node);
    const known = new Set(entries.map(({ mac }) => mac));
    if ([...macs].every((mac) => known.has(mac))) continue;
    // A stranger, or a guest that is about to be given the address it has.
    enqueue('Network', metadata.name);
    for (const node of withoutEntry(store, metadata.name, entries)) enqueue('Node', node);
  }
}

function withoutEntry(
  store: ObjectStore,
  network: string,
  entries: NonNullable<ObjectOf<'Network'>['status']['entries']>,
): string[] {
  const named = new Set(entries.map(({ node }) => node));
  return store
    .list('Node')
    .filter(
      (node) =>
        !isElsewhere(node) &&
        !named.has(node.metadata.name) &&
        node.spec.networks.some((attachment) => attachment.network === network),
    )
    .map(({ metadata }) => metadata.name);
}
