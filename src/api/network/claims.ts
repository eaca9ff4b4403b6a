import type { KindMap } from '../meta.ts';
import { aliasName, attachmentMac, fqdn, isLeftAlone } from '../ipam/names.ts';

/** What a Node asks of one network. */
export interface Claim {
  readonly node: string;
  readonly mac: string;
  readonly hostnames: readonly string[];
  /** The address that its manifest names. */
  readonly address?: string;
  /** Whether its pod network comes from this network: it is the first one of the Node. */
  readonly primary: boolean;
  /** Whether it gets a pod network though its manifest names none. */
  readonly isWorker: boolean;
  /** The pod network that its manifest names. */
  readonly podCIDR?: string;
  /** Its guest was made by others, who may have put its entries here as well. */
  readonly adopts: boolean;
}

export interface NodeManifest {
  readonly name: string;
  readonly spec: KindMap['Node']['spec'];
}

/** The claims of all Nodes on one network, by name. */
export function claimsOn(
  network: string,
  domain: string | undefined,
  nodes: readonly NodeManifest[],
): Claim[] {
  const claims = nodes.flatMap(({ name, spec }) =>
    spec.networks.flatMap((attachment, index): Claim[] => {
      if (attachment.network !== network || isLeftAlone(spec, attachment)) return [];
      const [primary, own] = [index === 0, fqdn(name, domain)];
      const aliases = primary ? spec.dnsAliases.map((alias) => aliasName(alias, domain)) : [];
      return [
        {
          node: name,
          mac: attachmentMac(name, attachment),
          hostnames: aliases.length === 0 ? [own] : [...new Set([own, ...aliases])],
          primary,
          isWorker: spec.role === 'worker',
          ...(attachment.address === undefined ? {} : { address: attachment.address }),
          ...(primary && spec.podCIDR !== undefined ? { podCIDR: spec.podCIDR } : {}),
          adopts: spec.policy.adopt,
        },
      ];
    }),
  );
  return claims.sort((a, b) => (a.node < b.node ? -1 : 1));
}
