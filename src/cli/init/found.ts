import { ReasonedError, toError } from '../../api/errors.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';
import { readRoutes, readUplinks } from '../../drivers/routes.ts';
import { findLoginKeys, type LoginKey } from '../../drivers/vmhost/login-keys.ts';
import { networksOf } from '../doctor/look-libvirt.ts';
import { readMachine, type Machine } from '../../drivers/vmhost/machine.ts';
import type { Taken } from './sizes.ts';

/** What `k8slab init` sees of the vmhost before it asks. */
export interface Found {
  readonly machine: Machine;
  /** As Node names it. */
  readonly arch: string;
  readonly taken: Taken;
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
    networksOf(libvirt).catch(toError),
  ]);
  if (machine === undefined) {
    throw new ReasonedError('NoMachine', 'cannot look at the machine: there is no /proc', {
      hint: 'run it on the vmhost itself',
    });
  }
  return {
    machine,
    arch: process.arch,
    taken: { routes, networks: networks instanceof Error ? [] : networks },
    uplinks,
    keys,
    unseen: networks instanceof Error ? [`libvirt's networks: ${networks.message}`] : [],
  };
}
