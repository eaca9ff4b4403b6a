import { ReasonedError } from '../../api/errors.ts';
import { formatSize } from '../../api/quantity.ts';
import { overlaps, parseSubnet, readSubnet } from '../../api/ipam/subnet.ts';
import { findClash, type Around } from '../../api/network/neighbours.ts';
import type { CatalogueImage } from './catalogue.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** How much of the machine each guest gets. */
export interface Sizes {
  readonly cpus: number;
  /** MiB of each master and worker. */
  readonly nodeMib: number;
  /** MiB of the load balancer. */
  readonly loadBalancerMib: number;
}

export interface Wanted {
  readonly image: Pick<CatalogueImage, 'memoryMib'>;
  readonly masters: number;
  readonly workers: number;
  readonly loadBalancer: boolean;
}

/** What kubeadm asks of a node; more than MOST is no use to a first lab. */
const LEAST_NODE_MIB = 2048;
const MOST_NODE_MIB = 8192;
const STEP_MIB = 512;

/** What the host keeps for itself: a third, and no less than a desktop needs. */
export function hostShare(total: number): number {
  return Math.max(4 * GIB, total / 3);
}

/**
 * Shares the memory that the host can spare out among the guests.
 * @param nodeMib what each master and worker gets, whatever that leaves the host
 * @throws ReasonedError TooManyNodes
 */
export function sizesFor(
  machine: { readonly memoryTotal: number; readonly cpus: number },
  wanted: Wanted,
  nodeMib?: number,
): Sizes {
  const { image, masters, workers, loadBalancer } = wanted;
  const loadBalancerMib = Math.max(1024, image.memoryMib);
  const cpus = Math.min(2, Math.max(1, machine.cpus));
  if (nodeMib !== undefined) return { cpus, nodeMib, loadBalancerMib };
  const least = Math.max(LEAST_NODE_MIB, image.memoryMib);
  const spare =
    (machine.memoryTotal - hostShare(machine.memoryTotal)) / MIB - (loadBalancer ? loadBalancerMib : 0);
  const each = Math.floor(spare / (masters + workers) / STEP_MIB) * STEP_MIB;
  if (each < least) throw tooMany(machine.memoryTotal, masters + workers, Math.floor(spare / least), least);
  return { cpus, nodeMib: Math.min(MOST_NODE_MIB, each), loadBalancerMib };
}

function tooMany(total: number, nodes: number, fit: number, least: number): ReasonedError {
  const share = formatSize(hostShare(total));
  const why = `${nodes} nodes of at least ${formatSize(least * MIB)} do not fit into ${formatSize(total)} of which the host keeps ${share}`;
  const hint =
    fit >= 2
      ? `ask for ${fit} masters and workers together`
      : 'say the memory of each by --memory, at the risk that the host swaps';
  return new ReasonedError('TooManyNodes', `cannot size the lab: ${why}`, { hint });
}

/** Addresses in use on the vmhost: by routes, and by libvirt networks, also those that do not run. */
export type Taken = Pick<Around, 'routes' | 'networks'>;

/** The first of the private blocks for such a lab that overlaps nothing in use. */
export function freeNetwork(taken: Taken): string | undefined {
  return firstFree(
    Array.from({ length: 144 }, (_, index) => `192.168.${111 + index}.0/24`).concat(
      Array.from({ length: 16 }, (_, index) => `10.${111 + index}.0.0/24`),
    ),
    taken,
  );
}

/** The same for the pods. */
export function freePodRange(taken: Taken): string | undefined {
  return firstFree(
    Array.from({ length: 56 }, (_, index) => `10.${200 + index}.0.0/16`),
    taken,
  );
}

/** Beside all routes where that can be: within a wider one it hides some of what that leads to. */
function firstFree(candidates: readonly string[], taken: Taken): string | undefined {
  const known = taken.routes.map(({ cidr }) => readSubnet(cidr)).filter((subnet) => subnet !== undefined);
  const free = candidates.filter((cidr) => clashOf(cidr, taken) === undefined);
  return free.find((cidr) => known.every((route) => !overlaps(parseSubnet(cidr), route))) ?? free[0];
}

/** Why k8slabd would not make a network of these addresses. */
export function clashOf(cidr: string, taken: Taken): string | undefined {
  return findClash({ cidr }, { ...taken, bridgeNameTaken: false })?.message;
}
