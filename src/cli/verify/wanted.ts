import { ReasonedError } from '../../api/errors.ts';
import { entryOf } from '../../api/ipam/by-node.ts';
import { isLeftAlone } from '../../api/ipam/names.ts';
import { loadBalancerMembers } from '../../api/load-balancer/members.ts';
import { backendName } from '../../api/load-balancer/render.ts';
import type { ObjectOf } from '../../api/meta.ts';
import type { Objects, Place, Wanted, WantedBalancer, WantedFrontend, WantedGuest } from './types.ts';

export interface VerifySelection {
  /** Names of Nodes; none: all of them. */
  readonly nodes: readonly string[];
  readonly role?: string | undefined;
  /** What this vmhost is called: what is there is looked at more closely. */
  readonly vmhost: string;
}

/**
 * What the manifests, and the addresses given out for them, say that is to be found.
 * @throws ReasonedError NotFound
 */
export function wantedLab(objects: Objects, { nodes, role, vmhost }: VerifySelection): Wanted {
  const all = objects.nodes.map((node) => wantedGuest(node, objects, vmhost));
  const known = new Set(all.map(({ name }) => name));
  const missing = nodes.filter((name) => !known.has(name));
  if (missing.length > 0)
    throw new ReasonedError(
      'NotFound',
      `cannot verify Node "${missing.join('", "')}": there is no such Node`,
    );
  const named = new Set(nodes);
  const chosen = (guest: WantedGuest): boolean =>
    (nodes.length === 0 || named.has(guest.name)) && (role === undefined || guest.role === role);
  const guests = all.filter(chosen);
  if (guests.length === 0 && role !== undefined)
    throw new ReasonedError('NotFound', `cannot verify Nodes: none has role "${role}"`);
  const whole = guests.length === all.length;
  const used = new Set(guests.flatMap(({ places }) => places.map(({ network }) => network)));
  const here = objects.networks.filter((network) => isOn(network, vmhost));
  return {
    all,
    guests,
    networks: here.map(({ metadata }) => metadata.name).filter((name) => whole || used.has(name)),
    balancers: objects.balancers
      .flatMap((balancer) => wantedBalancer(balancer, objects, all))
      .filter(({ node }) => guests.includes(node) && !isOutOfSight(node)),
  };
}

/** A Network without an overlay is where its Nodes are, and nowhere else. */
function isOn({ status: { vmhosts } }: ObjectOf<'Network'>, own: string): boolean {
  return vmhosts === undefined || vmhosts.some(({ name }) => name === own);
}

/** On another vmhost, and on no network that this one has: nothing of it is seen from here. */
export function isOutOfSight({ elsewhere, places }: Pick<WantedGuest, 'elsewhere' | 'places'>): boolean {
  return elsewhere !== undefined && places.length === 0;
}

function wantedGuest(
  { metadata, spec, status }: ObjectOf<'Node'>,
  { networks }: Objects,
  own: string,
): WantedGuest {
  const { name } = metadata;
  return {
    name,
    role: spec.role,
    user: spec.ssh.user,
    running: spec.power === 'Running',
    adopted: spec.policy.adopt,
    named: spec.hostsEntry,
    hostKey: status.sshHostKey,
    elsewhere: status.vmhost === own ? undefined : status.vmhost,
    places: spec.networks.flatMap((attachment): Place[] => {
      const network = networks.find((each) => each.metadata.name === attachment.network);
      const entry = entryOf(network?.status.entries, name);
      if (entry === undefined || isLeftAlone(spec, attachment)) return [];
      const { ip, mac, hostnames } = entry;
      return [{ network: attachment.network, gateway: network?.status.gateway, ip, mac, hostnames }];
    }),
  };
}

function wantedBalancer(
  { metadata, spec }: ObjectOf<'LoadBalancer'>,
  { nodes, networks }: Objects,
  guests: readonly WantedGuest[],
): WantedBalancer[] {
  const node = guests.find(({ name }) => name === spec.node);
  if (node === undefined) return [];
  const { servers } = loadBalancerMembers(spec, nodes, networks);
  const frontends = spec.frontends.map((frontend, index): WantedFrontend => {
    const { name, port, address } = frontend;
    const behind = (servers[index] ?? []).map((each) => ({
      node: each.node,
      ip: each.address,
      port: each.port,
    }));
    return { name, port, address, backend: backendName(frontend), servers: behind };
  });
  return [{ name: metadata.name, node, frontends }];
}
