import { posix } from 'node:path';
import { parseAddress } from '../ipam/address.ts';
import { contains, hosts } from '../ipam/subnet.ts';
import { aliasName, attachmentMac, fqdn } from '../ipam/names.ts';
import { networkAddresses, type NetworkAddresses } from '../ipam/network-addresses.ts';
import { type Claim, clashes, crossError, type KeyedClaim, MAX_LISTED } from '../manifest/clash.ts';
import type { Manifests } from '../manifest/manifests.ts';
import type { CrossError, ParsedObject } from '../manifest/types.ts';
import { DEFAULT_STORAGE, diskFile, disksDir } from '../storage.ts';

type Network = ParsedObject<'Network'>;
type Node = ParsedObject<'Node'>;
type Networks = ReadonlyMap<string, Network>;

/** What is wrong between Nodes, and between them and the Networks and Images that they use. */
export function crossCheckNodes(manifests: Manifests): readonly CrossError[] {
  const networks = manifests.of('Network');
  const nodes = manifests.of('Node');
  const networkByName = new Map(networks.toReversed().map((network) => [network.name, network]));
  return [
    ...macErrors(networks, nodes),
    ...addressErrors(networkByName, nodes),
    ...nameErrors(networkByName, nodes),
    ...diskErrors(manifests.of('Image'), nodes),
    ...cloneErrors(nodes),
  ];
}

/** MAC addresses of guests and bridges, given or derived. */
function macErrors(networks: readonly Network[], nodes: readonly Node[]): readonly CrossError[] {
  const guests = nodes.flatMap((object) =>
    object.spec.networks.map((attachment, index) => ({
      object,
      path: ['spec', 'networks', index, 'mac'],
      key: attachmentMac(object.name, attachment),
    })),
  );
  const bridges = networks.flatMap((object) =>
    object.spec.bridge.mac === undefined
      ? []
      : [{ object, path: ['spec', 'bridge', 'mac'], key: object.spec.bridge.mac.toLowerCase() }],
  );
  return clashes([...guests, ...bridges], ({ key }) => ({
    code: 'DuplicateMac',
    message: `MAC address ${key} is also that of`,
  }));
}

/** Addresses given to Nodes: one owner each, and usable on their network. A network that is missing is waited for. */
function addressErrors(networks: Networks, nodes: readonly Node[]): readonly CrossError[] {
  const blocks = new Map(
    [...networks].map(([name, network]) => [name, { network, addresses: networkAddresses(network.spec) }]),
  );
  const claims = nodes.flatMap((object) =>
    object.spec.networks.flatMap(({ network, address }, index) =>
      address === undefined
        ? []
        : [
            {
              object,
              path: ['spec', 'networks', index, 'address'],
              key: `${address} ${network}`,
              network,
              address,
            },
          ],
    ),
  );
  return [
    ...clashes(claims, ({ key }) => ({
      code: 'DuplicateAddress',
      message: `address ${key.split(' ')[0] ?? ''} is also that of`,
    })),
    ...claims.flatMap((claim) => {
      const known = blocks.get(claim.network);
      return known === undefined ? [] : unusable(claim, known, claim.address);
    }),
  ];
}

interface Block {
  readonly network: Network;
  readonly addresses: NetworkAddresses;
}

function unusable(claim: Claim, { network, addresses }: Block, address: string): readonly CrossError[] {
  const why = whyUnusable(network, addresses, address);
  if (why === undefined) return [];
  const others = [{ object: network, path: ['spec', why.field] }];
  return [crossError(claim, { code: 'AddressNotUsable', message: `${address} ${why.words} of`, others })];
}

function whyUnusable(
  { spec }: Network,
  { subnet, gateway }: NetworkAddresses,
  text: string,
): { readonly words: string; readonly field: string } | undefined {
  const address = parseAddress(text);
  if (!contains(subnet, address)) return { words: `is outside ${spec.cidr}`, field: 'cidr' };
  if (address.value === gateway.value) return { words: 'is the gateway', field: 'gateway' };
  const { first, last } = hosts(subnet);
  if (address.value < first) return { words: 'is the address of the network itself', field: 'cidr' };
  return address.value > last ? { words: 'is the broadcast address', field: 'cidr' } : undefined;
}

interface NameClaim extends KeyedClaim {
  readonly name: string;
  /** The name on that network: what its records are held against. */
  readonly onNetwork: string;
}

/** Of Linux: a guest is called by its full name. */
const HOST_NAME_MAX = 64;
/** What every machine calls itself. */
const RESERVED = 'localhost';

/**
 * Names of the Nodes and their aliases, which the vmhost's /etc/hosts has for all networks together, and the names that a
 * network's own records have.
 */
function nameErrors(networks: Networks, nodes: readonly Node[]): readonly CrossError[] {
  const claims = nodes.flatMap((object) => nameClaims(object, networks));
  const records = new Map([...networks.values()].flatMap(recordClaims));
  return [
    ...clashes(claims, ({ key }) => ({
      code: 'DuplicateName',
      message: `name ${key.split(' ')[0] ?? ''} is also that of`,
    })),
    ...ownNameErrors(claims),
    ...claims.flatMap(unfitName),
    ...claims.flatMap((claim) => {
      const record = records.get(claim.onNetwork);
      if (record === undefined) return [];
      return [
        crossError(claim, {
          code: 'DuplicateName',
          message: `name ${claim.name} is a record of`,
          others: [record],
        }),
      ];
    }),
  ];
}

function nameClaims(object: Node, networks: Networks): readonly NameClaim[] {
  return object.spec.networks.flatMap(({ network }, index) => {
    const known = networks.get(network);
    const domain = known?.spec.domain;
    const aliases = index === 0 ? object.spec.dnsAliases : [];
    const names = [
      { path: ['metadata', 'name'], name: fqdn(object.name, domain) },
      ...aliases.map((alias, at) => ({ path: ['spec', 'dnsAliases', at], name: aliasName(alias, domain) })),
    ];
    return names.map((claim) => {
      const name = claim.name.toLowerCase();
      const onNetwork = `${name} ${network}`;
      // Without its network, which domain a name will get is unknown.
      return { object, ...claim, key: known === undefined ? onNetwork : name, onNetwork };
    });
  });
}

function recordClaims(network: Network): readonly (readonly [string, Claim])[] {
  return network.spec.dns.records.flatMap(({ hostnames }, record) =>
    hostnames.map((hostname, index) => {
      const path = ['spec', 'dns', 'records', record, 'hostnames', index];
      const name = aliasName(hostname, network.spec.domain).toLowerCase();
      return [`${name} ${network.name}`, { object: network, path }] as const;
    }),
  );
}

function unfitName(claim: NameClaim): readonly CrossError[] {
  const { name, path } = claim;
  const isOwn = path[0] === 'metadata';
  if (isOwn && name.length > HOST_NAME_MAX) {
    const message = `the full name ${name} has ${name.length} characters, and Linux takes ${HOST_NAME_MAX} at most`;
    return [crossError(claim, { code: 'NameNotUsable', message, others: [] })];
  }
  if (name.split('.')[0] !== RESERVED) return [];
  const message = `${RESERVED} is what every machine calls itself`;
  return [crossError(claim, { code: 'NameNotUsable', message, others: [] })];
}

/** An alias that is what the Node is called anyway. */
function ownNameErrors(claims: readonly NameClaim[]): readonly CrossError[] {
  const seen = new Map<Node['spec'], Set<string>>();
  return claims.flatMap((claim) => {
    if (claim.object.kind !== 'Node') return [];
    const known = seen.get(claim.object.spec) ?? new Set();
    seen.set(claim.object.spec, known);
    const repeated = known.has(claim.onNetwork);
    known.add(claim.onNetwork);
    const message = `name ${claim.name} is the Node's already`;
    return repeated ? [crossError(claim, { code: 'DuplicateName', message, others: [] })] : [];
  });
}

/**
 * Disk files that are used where they are: one Node each, never one that k8slab made for another Node, and never the
 * source of an Image. Which directory the daemon was told to make its disks in no manifest says: it is taken for the usual one.
 */
function diskErrors(images: readonly ParsedObject<'Image'>[], nodes: readonly Node[]): readonly CrossError[] {
  const claims = nodes.map(diskClaim);
  const sources = new Map(
    images.map((object) => [posix.normalize(object.spec.source), { object, path: ['spec', 'source'] }]),
  );
  return [
    ...clashes(claims, ({ key }) => ({
      code: 'DuplicateDisk',
      message: `disk ${key} is also that of`,
      hint: 'two guests would destroy it: give each a file of its own, or copy the disk of a Node by disk.cloneOf',
    })),
    ...claims.flatMap((claim) => {
      if (claim.object.spec.disk.path === undefined) return [];
      const source = sources.get(claim.key);
      if (source === undefined) return [];
      const message = `disk ${claim.key} would change the source of`;
      return [crossError(claim, { code: 'DuplicateDisk', message, others: [source] })];
    }),
  ];
}

function diskClaim(object: Node): KeyedClaim & { readonly object: Node } {
  const { path } = object.spec.disk;
  return path === undefined
    ? { object, path: ['spec', 'disk'], key: posix.join(disksDir(DEFAULT_STORAGE), diskFile(object.name)) }
    : { object, path: ['spec', 'disk', 'path'], key: posix.normalize(path) };
}

/** Nodes that are, in the end, clones of themselves. A source that is missing is waited for. */
function cloneErrors(nodes: readonly Node[]): readonly CrossError[] {
  const byName = new Map(nodes.toReversed().map((node) => [node.name, node]));
  const walked = new Set<Node>();
  return [...byName.values()].flatMap((start) => {
    const walk: Node[] = [];
    let next: Node | undefined = start;
    while (next !== undefined && !walked.has(next)) {
      walk.push(next);
      walked.add(next);
      next = byName.get(next.spec.disk.cloneOf ?? '');
    }
    const circle = next === undefined ? -1 : walk.indexOf(next);
    return circle < 0 ? [] : circleErrors(walk.slice(circle));
  });
}

function circleErrors(circle: readonly Node[]): readonly CrossError[] {
  const path = ['spec', 'disk', 'cloneOf'];
  return circle.map((object, index) => {
    const next = [...circle.slice(index + 1, index + 1 + MAX_LISTED), ...circle.slice(0, index)];
    const others = next.slice(0, MAX_LISTED).map((other) => ({ object: other, path }));
    const message =
      others.length === 0 ? 'a Node cannot be a clone of itself' : 'the clones go in a circle with';
    return crossError({ object, path }, { code: 'CloneCircle', message, others });
  });
}
