import { isTrue, READY } from '../conditions.ts';
import type { LiveEntry, Refusal } from '../ipam/entry.ts';
import { overlayMtu } from '../ipam/overlay-mtu.ts';
import { reads } from '../kinds/reads.ts';
import { isRemoved, wasLookedAt, type ObjectOf } from '../meta.ts';

/** What a pass over a Node reads of others. */
export const nodeReads = [
  reads<'Node', 'Network'>({
    source: 'Network',
    of: ({ spec }) => spec.networks.map(({ network }) => network),
    shared: (network) => [
      network.status.bridge,
      network.status.gateway,
      wasLookedAt(network),
      overlayMtu(network.spec),
    ],
    own: entriesByNode,
  }),
  reads<'Node', 'Image'>({
    source: 'Image',
    of: ({ spec }) => (spec.disk.image === undefined ? [] : [spec.disk.image]),
    shared: (image) => [
      isRemoved(image),
      isTrue(image.status.conditions, READY),
      image.status.path,
      image.status.format,
    ],
  }),
  reads<'Node', 'Node'>({
    source: 'Node',
    of: ({ spec }) => (spec.disk.cloneOf === undefined ? [] : [spec.disk.cloneOf]),
    shared: (source) => [
      isRemoved(source),
      isTrue(source.status.conditions, READY),
      source.status.disk,
      source.status.state === 'running',
    ],
  }),
  reads<'Node', 'Vmhost'>({
    source: 'Vmhost',
    shared: ({ status }) => [status.domainType, status.arch, status.libvirtVersion],
  }),
];

/** Each Node reads its own reservation, and why the Network refuses it one. */
function entriesByNode({ status }: ObjectOf<'Network'>): ReadonlyMap<string, unknown> {
  const own = new Map<string, (LiveEntry | Refusal)[]>();
  for (const part of [...(status.entries ?? []), ...(status.refusals ?? [])]) {
    const parts = own.get(part.node);
    if (parts === undefined) own.set(part.node, [part]);
    else parts.push(part);
  }
  return own;
}
