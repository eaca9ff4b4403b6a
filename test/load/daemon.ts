import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { daemonConfig, type DaemonConfig } from '../../src/api/daemon-config.ts';
import { isManifestFile } from '../../src/api/manifest/snapshot.ts';
import { startDaemon, type Daemon } from '../../src/daemon/daemon.ts';
import type { Drivers } from '../../src/daemon/wiring.ts';
import type { Kube } from '../../src/drivers/kube.ts';
import type { MachineIdentity } from '../../src/drivers/vmhost/identity.ts';
import type { Dnsmasq } from '../../src/drivers/dnsmasq.ts';
import { createLibvirtCache } from '../../src/drivers/libvirt/cache.ts';
import { createManifestDir } from '../../src/drivers/manifest-dir.ts';
import { createNotifier } from '../../src/drivers/systemd.ts';
import type { Clock } from '../../src/engine/clock.ts';
import { silentLogger } from '../../src/engine/logger.ts';
import { BATCH_MS } from '../../src/engine/resync.ts';
import { fakeDrivers, unwrapped, type Wrap } from '../controllers/drivers.ts';
import { createWorld, fakeLibvirt, type World } from '../controllers/fakes.ts';
import { freePort } from '../free-port.ts';
import { createGuests, type Guests } from '../worlds/guests.ts';

/** The whole daemon, its servers and its directory of manifests included, over a vmhost in memory. */
export interface LoadedDaemon {
  readonly world: World;
  readonly guests: Guests;
  readonly daemon: Daemon;
  /** Its files. */
  readonly dir: string;
  readonly config: DaemonConfig;
  /** What /metrics says. */
  metrics(): Promise<string>;
  /** All that a machine keeps when its daemon ends is kept, for one that `startLoaded` starts on it. */
  halt(): Promise<void>;
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly clock: Clock;
  /** Fills the directory of manifests. */
  readonly prepare: (manifests: string) => Promise<void>;
  /** Where the API is served on HTTPS; left out: nowhere. */
  readonly api?: string;
  /** Stands between the daemon and a driver. */
  readonly wrap?: Wrap;
  /** Where its objects come from instead of the directory. */
  readonly shared?: Shared;
  /** Whose daemon has ended; left out: a new one. */
  readonly vmhost?: Pick<LoadedDaemon, 'dir' | 'world' | 'guests'>;
  /** Of the vmhost, where the directory has its objects. */
  readonly name?: string;
}

export interface Shared {
  /** Of the vmhost. */
  readonly name: string;
  readonly kube: Kube;
  readonly machine: MachineIdentity;
  /** More of `source` in its configuration. */
  readonly source?: Partial<DaemonConfig['source']>;
}

const SOURCE = { kubeconfig: '/none', address: '10.0.0.1', allow: ['HostPaths'] };

export async function startLoaded({
  clock,
  prepare,
  api = '',
  wrap = unwrapped,
  shared,
  vmhost,
  name,
}: LoadOptions): Promise<LoadedDaemon> {
  const dir = vmhost?.dir ?? (await mkdtemp(join(tmpdir(), 'k8slab-load-')));
  const source =
    shared === undefined
      ? { source: { name } }
      : { source: { ...SOURCE, name: shared.name, ...shared.source } };
  const config = configIn(dir, { listen: `127.0.0.1:${await freePort()}`, api: { listen: api }, ...source });
  await mkdir(config.manifests, { recursive: true });
  await prepare(config.manifests);
  const world = vmhost?.world ?? createWorld();
  world.files.set('/srv/images/debian.qcow2', 'qcow2');
  const daemon = await startDaemon({
    ...{ config, clock, version: '0', log: silentLogger(), notifier: createNotifier({ env: {} }) },
    drivers: () => driversOf(world, config, clock, wrap),
    ...(shared === undefined
      ? {}
      : {
          machine: shared.machine,
          connect: () => Promise.resolve({ kube: shared.kube, server: undefined }),
        }),
  });
  return {
    ...{ world, daemon, dir, config, guests: vmhost?.guests ?? guestsOf(world) },
    async metrics() {
      // A connection that is kept would be counted as held.
      const answer = await fetch(`http://${config.listen}/metrics`, { headers: { connection: 'close' } });
      return answer.text();
    },
    halt: () => daemon.stop(),
    async stop() {
      await daemon.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** They show the keys that the daemon gave them: it makes real ones. */
function guestsOf(world: World): Guests {
  const guests = createGuests(world);
  return {
    ...guests,
    act() {
      guests.act();
      world.shown.clear();
    },
  };
}

function configIn(
  dir: string,
  served: Pick<DaemonConfig, 'listen' | 'api'> & { readonly source?: object },
): DaemonConfig {
  const at = (name: string): string => join(dir, name);
  return daemonConfig.parse({
    ...{ manifests: at('manifests'), storage: at('storage'), state: at('state'), identity: at('identity') },
    ...{ runtime: at('run'), ...served },
    maxConcurrentBoots: 1000,
    // These are the world's.
    hostFiles: { hosts: '/etc/hosts', inventory: '/etc/ansible/hosts', sshConfig: '/etc/ssh/k8slab.conf' },
  });
}

function driversOf(world: World, config: DaemonConfig, clock: Clock, wrap: Wrap): Drivers {
  const cache = createLibvirtCache({
    libvirt: wrap('libvirt', fakeLibvirt(world)),
    clock,
    listMs: BATCH_MS,
  });
  const drivers = fakeDrivers(world, clock, wrap);
  const silent: Pick<Dnsmasq, 'watch'> = { watch: () => ({ dispose: () => Promise.resolve() }) };
  return {
    ...{ libvirt: cache.libvirt, view: cache.view, libvirtCache: cache },
    ...drivers,
    dnsmasq: { ...drivers.dnsmasq, ...silent },
    manifestDir: createManifestDir({ path: config.manifests, isManifest: isManifestFile }),
  };
}
