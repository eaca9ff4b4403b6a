import { createHash } from 'node:crypto';
import type { Kind } from '../meta.ts';
import { uuidOf } from '../uuid.ts';

const BRIDGE_PREFIX = 'virbr-';
/** IFNAMSIZ without the final zero. */
const INTERFACE_NAME_MAX = 15;

function digest(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('/')).digest('hex');
}

/** The MAC address of a Node on a Network when its manifest gives none: libvirt's prefix and 24 bits of a hash. */
export function derivedMac(network: string, node: string): string {
  return `52:54:00:${(digest('mac', network, node).slice(0, 6).match(/../g) ?? []).join(':')}`;
}

/** Each plan of a network asks for the address of each of its Nodes, whose manifests never change. */
const derived = new WeakMap<object, { readonly node: string; readonly mac: string }>();

/** The MAC address of one entry of a Node's `spec.networks`: the given one, or the derived one. Lower case. */
export function attachmentMac(
  node: string,
  attachment: { readonly network: string; readonly mac?: string | undefined },
): string {
  if (attachment.mac !== undefined) return attachment.mac.toLowerCase();
  const known = derived.get(attachment);
  if (known?.node === node) return known.mac;
  const mac = derivedMac(attachment.network, node);
  derived.set(attachment, { node, mac });
  return mac;
}

/** The UUID of what k8slab makes for an object: an RFC 9562 version 8 UUID from a hash, the same on every vmhost. */
export function derivedUuid(kind: Kind, name: string): string {
  return uuidOf(`uuid/${kind}/${name}`);
}

/** The bridge of a Network whose manifest names none: `virbr-NAME`, or a hash where that exceeds 15 characters. */
export function bridgeName(network: string): string {
  const plain = `${BRIDGE_PREFIX}${network}`;
  if (plain.length <= INTERFACE_NAME_MAX) return plain;
  return `${BRIDGE_PREFIX}${digest('bridge', network).slice(0, INTERFACE_NAME_MAX - BRIDGE_PREFIX.length)}`;
}

/** The bridge that keeps the guests of a network together while it restarts. */
export function parkingBridge(network: string): string {
  return `k8sp-${digest('parking', network).slice(0, INTERFACE_NAME_MAX - 5)}`;
}

/** The VXLAN device that carries a network to other vmhosts, and the table of nftables that filters what comes by it. */
export function overlayDevice(network: string): string {
  return `k8sx-${digest('overlay', network).slice(0, INTERFACE_NAME_MAX - 5)}`;
}

/** VXLAN network identifiers have 24 bits. */
export const VNI_MAX = 0xff_ff_ff;

/** The VXLAN network identifier of a Network whose manifest gives none: the same on every vmhost, and never 0. */
export function derivedVni(network: string): number {
  return (Number.parseInt(digest('vni', network).slice(0, 12), 16) % VNI_MAX) + 1;
}

/** The MAC address of the bridge of a Network with an overlay whose manifest gives none: the same on every vmhost. */
export function derivedBridgeMac(network: string): string {
  return `52:54:00:${(digest('bridge-mac', network).slice(0, 6).match(/../g) ?? []).join(':')}`;
}

/** `master00.k8s-thw.local`, or the bare name where the network has no domain. */
export function fqdn(name: string, domain?: string): string {
  return domain === undefined ? name : `${name}.${domain}`;
}

/** An alias as DNS serves it: one without a dot gets the network's domain. */
export function aliasName(alias: string, domain?: string): string {
  return alias.includes('.') ? alias : fqdn(alias, domain);
}

/** An adopted guest whose manifest names no address gets neither reservation nor name there: it keeps what it has. */
export function isLeftAlone(
  spec: { readonly policy?: { readonly adopt: boolean } | undefined },
  attachment: { readonly address?: string | undefined },
): boolean {
  return spec.policy?.adopt === true && attachment.address === undefined;
}

/** Those of a Node's `spec.networks` that its networks have an entry for. */
export function claimingAttachments<A extends { readonly address?: string | undefined }>(spec: {
  readonly policy: { readonly adopt: boolean };
  readonly networks: readonly A[];
}): A[] {
  return spec.networks.filter((attachment) => !isLeftAlone(spec, attachment));
}
