import { absolutePath, dnsName, macAddress, objectName } from '../kinds/fields.ts';
import { isIpv4 } from '../ipam/address.ts';
import { fqdn } from '../ipam/names.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import { attribute, elements, first, type XmlElement } from '../xml.ts';
import { domainSizes } from './adopt.ts';
import type { FoundDomain, FoundManifest, Skipped } from '../adopt/world.ts';

/** The networks that will be k8slab's, by name: only there can a Node be given an address. */
export type Networks = ReadonlyMap<string, NetworkModel>;

interface Attachment {
  readonly network: string;
  readonly mac: string;
  readonly address?: string;
}

interface Nic {
  readonly attachment: Attachment;
  readonly aliases: readonly string[];
  readonly note?: string;
}

/** A domain as the manifest of a Node that takes it over and changes nothing; or why there can be none. */
export function nodeManifest(found: FoundDomain, networks: Networks): FoundManifest | Skipped {
  const { name, config, state } = found;
  const what = `domain/${name}`;
  const named = objectName.safeParse(name);
  if (!named.success)
    return { what, why: `its name ${named.error.issues[0]?.message ?? ''}: see virsh domrename` };
  const disks = elements(first(config.root, 'devices'), 'disk').filter(isDisk).map(pathOf);
  const [path] = disks;
  if (path === undefined) return { what, why: 'its first disk is no file or block device' };
  const { usable, odd } = attachable(config.model.interfaces);
  if (usable.length === 0) return { what, why: 'it has no NIC on a network of libvirt' };
  const nics = usable.map(({ network, mac }) => describeNic(name, { network, mac }, networks.get(network)));
  const aliases = nics[0]?.aliases ?? [];
  const spec = {
    ...domainSizes(config.root, state),
    disk: { path },
    networks: nics.map(({ attachment }) => attachment),
    ...(aliases.length === 0 ? {} : { dnsAliases: aliases }),
    hostsEntry: false,
    policy: { adopt: true },
  };
  const notes = [
    ...nics.flatMap(({ note }) => note ?? []),
    ...odd.map((nic) => `stays as it is, and is not said here: ${nic}`),
    ...disks
      .slice(1)
      .map((more) => `stays as it is, and is not said here: its disk ${more ?? 'without a path'}`),
    'hostsEntry: true names it in /etc/hosts, inventory and ssh_config',
    'ssh: {user, hostKey} lets k8slab look at it by ssh: hostKey is its /etc/ssh/ssh_host_ed25519_key.pub',
  ];
  return { kind: 'Node', name, spec, notes };
}

function isDisk(disk: XmlElement): boolean {
  return (attribute(disk, 'device') ?? 'disk') === 'disk';
}

function pathOf(disk: XmlElement): string | undefined {
  const source = first(disk, 'source');
  return absolutePath.safeParse(attribute(source, 'file') ?? attribute(source, 'dev')).data;
}

interface Attachable {
  readonly usable: readonly { readonly network: string; readonly mac: string }[];
  /** What the others are. */
  readonly odd: readonly string[];
}

const MAX_NICS = 8;

function attachable(interfaces: FoundDomain['config']['model']['interfaces']): Attachable {
  const usable: { network: string; mac: string }[] = [];
  const odd: string[] = [];
  for (const { network, bridge, mac } of interfaces) {
    const fits =
      objectName.safeParse(network).success && macAddress.safeParse(mac).success && usable.length < MAX_NICS;
    if (fits && network !== undefined && !usable.some((other) => other.network === network))
      usable.push({ network, mac });
    else odd.push(`its NIC ${mac} on ${network ?? bridge ?? 'no network of libvirt'}`);
  }
  return { usable, odd };
}

/** With its address only if the network has its reservation and name exactly as k8slab would write them. */
function describeNic(node: string, attachment: Attachment, network: NetworkModel | undefined): Nic {
  const reservations = network?.hosts.filter(({ mac }) => mac === attachment.mac) ?? [];
  const [reservation] = reservations;
  if (network === undefined || reservation === undefined) return { attachment, aliases: [] };
  const { ip, name } = reservation;
  const full = fqdn(node, network.domain?.name);
  const names = namesOf(network, ip);
  const alone = reservations.length === 1 && network.hosts.filter((host) => host.ip === ip).length === 1;
  const elsewhere = network.dns.hosts.some((host) => host.ip !== ip && host.hostnames.includes(full));
  if (alone && name === full && names[0] === full && !elsewhere && isIpv4(ip)) {
    const { network: on, mac } = attachment;
    return { attachment: { network: on, address: ip, mac }, aliases: aliasesIn(names.slice(1)) };
  }
  const addresses = reservations.map((each) => each.ip);
  const several = addresses.length > 1 ? `address: one of ${addresses.join(', ')}` : `address: ${ip}`;
  const note = `${several} may be added to its network: k8slab then reserves it for ${full} and has DNS say so`;
  return { attachment, aliases: [], note };
}

function namesOf({ dns }: NetworkModel, ip: string): readonly string[] {
  return dns.hosts.filter((host) => host.ip === ip).flatMap(({ hostnames }) => hostnames);
}

/** Names that a manifest can say, up to the first that it cannot: that one and those after it stay by themselves. */
function aliasesIn(names: readonly string[]): readonly string[] {
  const end = names.findIndex((name) => !name.includes('.') || !dnsName.safeParse(name).success);
  return [...new Set(end === -1 ? names : names.slice(0, end))];
}
