import { createSharedRead } from '../../src/controllers/shared-read.ts';
import type { Drivers } from '../../src/daemon/wiring.ts';
import type { Clock } from '../../src/engine/clock.ts';
import { fakeDisks } from './disk-fakes.ts';
import {
  fakeBridges,
  fakeDnsmasq,
  fakeFiles,
  fakeImages,
  fakeResolver,
  fakeSeeds,
  fakeSsh,
  type World,
} from './fakes.ts';
import { fakeOverlays } from './overlay-fakes.ts';
import { fakeHaproxy, fakePackages } from './haproxy-fakes.ts';

/** Stands between who calls and a driver. */
export type Wrap = <T extends object>(driver: string, port: T) => T;

export type FakeDrivers = Omit<Drivers, 'libvirt' | 'view' | 'libvirtCache' | 'manifestDir'>;

/** All drivers over a world, but libvirt's and the directory of manifests. */
export function fakeDrivers(world: World, clock: Clock, wrap: Wrap = unwrapped): FakeDrivers {
  const overlays = wrap('overlays', fakeOverlays(world));
  return {
    dnsmasq: wrap('dnsmasq', fakeDnsmasq(world)),
    images: wrap('images', fakeImages(world)),
    disks: wrap('disks', fakeDisks(world)),
    seeds: wrap('seeds', fakeSeeds(world)),
    ssh: wrap('ssh', fakeSsh(world)),
    haproxy: wrap('haproxy', fakeHaproxy(world)),
    packages: wrap('packages', fakePackages(world)),
    resolver: wrap('resolver', fakeResolver(world)),
    bridges: wrap('bridges', fakeBridges(world)),
    files: wrap('files', fakeFiles(world)),
    firewall: createSharedRead(() => Promise.resolve(undefined), clock, 0),
    overlays,
    overlayWorld: createSharedRead(() => overlays.read(), clock, 1000),
    routes: () => Promise.resolve([]),
    answering: (addresses) => Promise.resolve(addresses.filter((ip) => world.answering.has(ip))),
  };
}

export function unwrapped<T>(_driver: string, port: T): T {
  return port;
}
