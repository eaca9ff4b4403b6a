import { ReasonedError, toError } from '../../api/errors.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';
import { readRoutes, readUplinks } from '../../drivers/routes.ts';
import { findLoginKeys, type LoginKey } from '../../drivers/vmhost/login-keys.ts';
import { networksOf } from '../doctor/look-libvirt.ts';
import { readMachine, type Machine } from '../../drivers/vmhost/machine.ts';

/** What `k8slab init` sees of the vmhost before it asks. */
export interface Found {
  readonly machine: Machine;
  /** As Node names it. */
  readonly arch: string;
  /** CIDRs that routes or libvirt networks have. */
  readonly taken: readonly string[];
  /** Interfaces of default routes, the one that is taken first. */
  readonly uplinks: readonly string[];
  readonly keys: readonly LoginKey[];
  /** What could not be looked at. */
  readonly unseen: readonly string[];
}

/** Reads; changes nothing. */
export async function lookAround(libvirt: Pick<Libvirt, 'networks' | 'networkXml'>): Promise<Found> {
  const [machine, routes, uplinks, keys, networks] = await Promise.all([
    readMachine(),
    readRoutes(),
    readUplinks(),
    findLoginKeys(),
    libvirtCidrs(libvirt),
  ]);
  if (machine === undefined) {
    throw new ReasonedError('NoMachine', 'cannot look at the machine: there is no /proc', {
      hint: 'run it on the vmhost itself',
    });
  }
  return {
    machine,
    arch: process.arch,
    taken: [...routes.map(({ cidr }) => cidr), ...(Array.isArray(networks) ? networks : [])],
    uplinks,
    keys,
    unseen: Array.isArray(networks) ? [] : [`libvirt's networks: ${networks.message}`],
  };
}

/** Of all networks, those that do not run too: their addresses are taken once they do. */
async function libvirtCidrs(libvirt: Pick<Libvirt, 'networks' | 'networkXml'>): Promise<string[] | Error> {
  try {
    return (await networksOf(libvirt)).flatMap(({ cidr }) => (cidr === undefined ? [] : [cidr]));
  } catch (error) {
    return toError(error);
  }
}
