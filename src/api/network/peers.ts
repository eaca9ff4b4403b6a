import { attachmentMac } from '../ipam/names.ts';
import { isElsewhere, type ObjectOf } from '../meta.ts';
import type { OverlayPeers } from './overlay.ts';

export interface PeersInput {
  readonly network: string;
  readonly vmhosts: readonly ObjectOf<'Vmhost'>[];
  readonly nodes: readonly ObjectOf<'Node'>[];
}

/** Where the Nodes of a Network are that other vmhosts have; undefined: this vmhost shares no lab. */
export function overlayPeers({ network, vmhosts, nodes }: PeersInput): OverlayPeers | undefined {
  const local = vmhosts.find((vmhost) => !isElsewhere(vmhost))?.status.addresses?.[0];
  if (local === undefined) return undefined;
  const macs = nodes.flatMap(({ metadata, spec, origin }) => {
    const vmhost = origin?.elsewhere?.vmhost;
    const attachment = spec.networks.find((each) => each.network === network);
    if (vmhost === undefined || attachment === undefined) return [];
    return [{ mac: attachmentMac(metadata.name, attachment), vmhost }];
  });
  const peopled = new Set(macs.map(({ vmhost }) => vmhost));
  const peers = vmhosts.flatMap((vmhost) => {
    const address = isElsewhere(vmhost) ? vmhost.status.addresses?.[0] : undefined;
    return address === undefined || !peopled.has(vmhost.metadata.name)
      ? []
      : [{ vmhost: vmhost.metadata.name, address }];
  });
  const reached = new Set(peers.map(({ vmhost }) => vmhost));
  return { local, peers, macs: macs.filter(({ vmhost }) => reached.has(vmhost)) };
}
