import { networkSpec, type NetworkSpec } from '../kinds/network.ts';
import { nodeSpec, type NodeSpec } from '../kinds/node.ts';
import type { DomainDocument } from '../libvirt/domain.ts';
import type { NetworkDocument } from '../libvirt/network.ts';
import { cidrOf, formatCidr, toNumber } from '../ip.ts';
import { formatBytes } from '../quantity.ts';
import { first, textOf, type XmlElement } from '../xml.ts';

/** Something that carries our mark, with as much of its spec as libvirt tells: enough to remove it. */
export type Marked =
  | { readonly kind: 'Node'; readonly name: string; readonly spec: NodeSpec }
  | { readonly kind: 'Network'; readonly name: string; readonly spec: NetworkSpec };

/** The Node that a domain was made for; undefined when it is not ours, as a copy of one of ours under another name. */
export function markedNode({ root, model }: DomainDocument): Marked | undefined {
  const { name, mark, disks, interfaces } = model;
  if (mark?.name !== name) return undefined;
  const networks = interfaces.flatMap(({ network, mac }) =>
    network === undefined ? [] : [{ network, mac }],
  );
  const path = disks.find(({ device, file }) => device === 'disk' && file !== undefined)?.file ?? '/dev/null';
  const defaults = nodeSpec.parse({ disk: { path }, networks: [{ network: 'none' }] });
  const policy = { ...defaults.policy, reclaim: mark.reclaim };
  return { kind: 'Node', name, spec: { ...defaults, ...size(root), networks, policy } };
}

function size(root: XmlElement): Partial<Pick<NodeSpec, 'cpus' | 'memory'>> {
  const cpus = Number(textOf(first(root, 'vcpu')));
  // libvirt prints KiB, whatever it was given.
  const bytes = Number(textOf(first(root, 'memory'))) * 1024;
  return {
    ...(cpus > 0 ? { cpus } : {}),
    ...(bytes > 0 ? { memory: formatBytes(bytes) } : {}),
  };
}

/** The Network that a libvirt network was made for; undefined when it is not ours. */
export function markedNetwork({ model }: NetworkDocument): Marked | undefined {
  const { name, mark, ip, domain, bridge } = model;
  if (mark?.name !== name) return undefined;
  const defaults = networkSpec.parse({ cidr: ip === undefined ? '0.0.0.0/0' : cidrText(ip) });
  const spec = {
    ...defaults,
    ...(domain?.name === undefined ? {} : { domain: domain.name }),
    ...(bridge?.name === undefined ? {} : { bridge: { ...defaults.bridge, name: bridge.name } }),
  };
  return { kind: 'Network', name, spec };
}

function cidrText({ address, netmask, prefix }: NonNullable<NetworkDocument['model']['ip']>): string {
  const bits = netmask === undefined ? Number(prefix ?? 24) : prefixOf(toNumber(netmask));
  return formatCidr(cidrOf(toNumber(address), bits));
}

function prefixOf(netmask: number): number {
  return 32 - Math.log2(2 ** 32 - netmask);
}
