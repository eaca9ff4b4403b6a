import { networkSpec, type NetworkSpec } from '../network/spec.ts';
import { nodeSpec, type NodeSpec } from '../node/spec.ts';
import type { DomainDocument } from '../libvirt/domain.ts';
import type { NetworkDocument } from '../libvirt/network.ts';
import { formatSubnet, interfaceOf } from '../ipam/subnet.ts';
import { bytesOfMebibytes, formatBytes } from '../quantity.ts';

/** Something that carries our mark, with as much of its spec as libvirt tells: enough to remove it. */
export type Marked =
  | { readonly kind: 'Node'; readonly name: string; readonly spec: NodeSpec }
  | { readonly kind: 'Network'; readonly name: string; readonly spec: NetworkSpec };

const NO_FILE = '/dev/null';

/** The Node that a domain was made for; undefined when it is not ours, as a copy of one of ours under another name. */
export function markedNode({ model }: DomainDocument): Marked | undefined {
  const { name, mark, cpus, memory, disks, interfaces } = model;
  if (mark?.name !== name) return undefined;
  const networks = interfaces.flatMap(({ network, mac }) =>
    network === undefined ? [] : [{ network, mac }],
  );
  const path = disks.find(({ device, file }) => device === 'disk' && file !== undefined)?.file ?? NO_FILE;
  const defaults = nodeSpec.parse({ disk: { path }, networks: [{ network: 'none' }] });
  const policy = { ...defaults.policy, reclaim: mark.reclaim };
  const size = { cpus: cpus.count, memory: formatBytes(bytesOfMebibytes(memory)) };
  return { kind: 'Node', name, spec: { ...defaults, ...size, networks, policy } };
}

/** The Node whose disk was being copied when a run of the daemon ended: nothing else is known of it. */
export function begunNode(name: string): Marked {
  return {
    kind: 'Node',
    name,
    spec: nodeSpec.parse({ disk: { path: NO_FILE }, networks: [{ network: 'none' }] }),
  };
}

/** The Network that a libvirt network was made for; undefined when it is not ours. */
export function markedNetwork({ model }: NetworkDocument): Marked | undefined {
  const { name, mark, ip, domain, bridge } = model;
  if (mark?.name !== name) return undefined;
  const block = ip && interfaceOf(ip);
  const defaults = networkSpec.parse({
    cidr: block === undefined ? '0.0.0.0/0' : formatSubnet(block.subnet),
  });
  const spec = {
    ...defaults,
    ...(domain?.name === undefined ? {} : { domain: domain.name }),
    ...(bridge?.name === undefined ? {} : { bridge: { ...defaults.bridge, name: bridge.name } }),
  };
  return { kind: 'Network', name, spec };
}
