import { parseHosts, type HostsTable } from '../api/ipam/hosts-file.ts';
import { join } from 'node:path';
import type { DaemonConfig } from '../api/daemon-config.ts';
import type { OverlayPeers } from '../api/network/overlay.ts';
import { overlayPeers } from '../api/network/peers.ts';
import type { OverlayWorld } from '../api/network/overlay-observed.ts';
import { disksDir, imagesDir } from '../api/storage.ts';
import { isElsewhere, type Kind } from '../api/meta.ts';
import { isManifestFile } from '../api/manifest/snapshot.ts';
import type { HostPaths } from '../api/vmhost/plan.ts';
import type { Facts } from './api-server/facts.ts';
import { createVmhostReconciler } from '../controllers/vmhost/reconciler.ts';
import { createImageReconciler, refetchMs } from '../controllers/image/reconciler.ts';
import { createImageRemoval } from '../controllers/image/removal.ts';
import { createJobs, type Jobs } from '../controllers/jobs.ts';
import { createLoadBalancerReconciler } from '../controllers/load-balancer/reconciler.ts';
import { createNetworkReconciler } from '../controllers/network/reconciler.ts';
import { createNetworkRemoval } from '../controllers/network/removal.ts';
import { vmhostName } from './vmhost-name.ts';
import { createNodeReconciler } from '../controllers/node/reconciler.ts';
import { createNodeRemoval } from '../controllers/node/removal.ts';
import { createProbePool } from '../controllers/node/probe-pool.ts';
import type { ObjectOf, ObjectStore } from '../controllers/objects.ts';
import { letGo, withRemoval } from '../controllers/removal.ts';
import { createTurns } from '../controllers/node/turns.ts';
import { createSharedRead, type SharedRead } from '../controllers/shared-read.ts';
import { createBridges, type Bridges } from '../drivers/bridges.ts';
import { createDisks, type Disks } from '../drivers/disks.ts';
import { exec as runCommand } from '../drivers/exec.ts';
import { createDnsmasq, type Dnsmasq } from '../drivers/dnsmasq.ts';
import { ensureDir, readIfExists, writeAtomic } from '../drivers/files.ts';
import { readFirewall, type Firewall } from '../drivers/firewall.ts';
import { createHaproxy, type Haproxy } from '../drivers/haproxy.ts';
import { createImageStore, type ImageStore } from '../drivers/images.ts';
import { ensureHostKey, ensureIdentity, hasHostKey, removeHostKey, type KeyPair } from '../drivers/keys.ts';
import {
  createLibvirt,
  createVirsh,
  type Libvirt,
  type LibvirtEvent,
  type LibvirtView,
} from '../drivers/libvirt.ts';
import { createLibvirtCache, type LibvirtCache } from '../drivers/libvirt/cache.ts';
import { LIBVIRT_FILES } from '../drivers/libvirt/watch-files.ts';
import { createManifestDir, type ManifestDir } from '../drivers/manifest-dir.ts';
import { createOverlays, type Overlays } from '../drivers/overlays.ts';
import { createPackages, type Packages } from '../drivers/packages.ts';
import { createResolver, type DnsProbe } from '../drivers/resolver.ts';
import { readSecret } from '../drivers/secrets.ts';
import { answering } from '../drivers/answering.ts';
import { readRoutes, type Route } from '../drivers/routes.ts';
import { createSeeds, type Seeds } from '../drivers/seeds.ts';
import { createSsh, type Ssh } from '../drivers/ssh.ts';
import type { Clock } from '../engine/clock.ts';
import type { Memory } from '../engine/memory.ts';
import { BATCH_MS } from '../engine/resync.ts';
import type { Logger } from '../engine/logger.ts';
import type { Metrics } from '../engine/metrics.ts';
import {
  meteredBridges,
  meteredDisks,
  meteredDnsmasq,
  meteredFiles,
  meteredHaproxy,
  meteredImages,
  meteredOverlays,
  meteredPackages,
  meteredResolver,
  meteredSeeds,
  meteredSsh,
  type Files,
} from './metered.ts';
import { meteredExec } from './metered-exec.ts';
import { declareVirsh, recordCall } from './metered-virsh.ts';
import type { Reconcilers } from './planner.ts';

/** Passes over all objects share one look at /etc/hosts if they come within this time. */
const HOSTS_MAX_AGE_MS = 250;
/** Nobody tells of changes of the firewall, and asking takes three processes. */
const FIREWALL_MAX_AGE_MS = 10_000;
/** Passes over all networks share one look, which takes three processes. */
const OVERLAY_MAX_AGE_MS = 1000;

export interface Drivers {
  readonly libvirt: Libvirt;
  readonly view: LibvirtView;
  readonly libvirtCache: Pick<LibvirtCache, 'watch' | 'suspect'>;
  readonly bridges: Bridges;
  readonly firewall: SharedRead<Firewall | undefined>;
  readonly routes: () => Promise<readonly Route[]>;
  readonly overlays: Overlays;
  readonly overlayWorld: SharedRead<OverlayWorld>;
  /** Those of the addresses that some machine answers on. */
  readonly answering: (addresses: readonly string[]) => Promise<readonly string[]>;
  readonly dnsmasq: Dnsmasq;
  readonly images: ImageStore;
  readonly disks: Disks;
  readonly seeds: Seeds;
  readonly ssh: Ssh;
  readonly haproxy: Haproxy;
  readonly packages: Packages;
  readonly resolver: DnsProbe;
  readonly manifestDir: ManifestDir;
  /** Of the vmhost, those that name guests. */
  readonly files: Files;
}

export interface WiringDeps {
  readonly config: DaemonConfig;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly identity: KeyPair;
}

/** Everything that touches the world; nothing is touched before the first call. */
export function createDrivers({ config, clock, metrics, log, identity }: WiringDeps): Drivers {
  const meter = { metrics, clock };
  const exec = meteredExec(runCommand, meter);
  declareVirsh(metrics);
  const virsh = createVirsh({ uri: config.connect, onCall: (call) => recordCall(metrics, log, call) });
  const cache = createLibvirtCache({
    libvirt: createLibvirt({ virsh, xmlDir: join(config.runtime, 'xml') }),
    clock,
    files: LIBVIRT_FILES,
    listMs: BATCH_MS,
    onEvent: (event: LibvirtEvent) => log.debug({ event }, 'libvirt event'),
  });
  const identityKey = (): Promise<string> => Promise.resolve(identity.privateKey);
  const overlays = meteredOverlays(createOverlays({ exec }), meter);
  const onWait = (seconds: number): void => metrics.driverWaited('ssh', seconds);
  const ssh = meteredSsh(createSsh({ identity: identityKey, onWait }), meter);
  return {
    libvirt: cache.libvirt,
    view: cache.view,
    libvirtCache: cache,
    dnsmasq: meteredDnsmasq(createDnsmasq(), meter),
    images: meteredImages(createImageStore({ dir: imagesDir(config.storage), exec }), meter),
    disks: meteredDisks(createDisks({ dir: disksDir(config.storage), exec }), meter),
    seeds: meteredSeeds(createSeeds({ dir: join(config.storage, 'seeds'), exec }), meter),
    ssh,
    haproxy: meteredHaproxy(createHaproxy({ ssh }), meter, log),
    packages: meteredPackages(createPackages({ ssh }), meter),
    resolver: meteredResolver(createResolver(), meter),
    bridges: meteredBridges(createBridges({ exec }), meter),
    files: meteredFiles({ readIfExists, writeAtomic, ensureDir: (path) => ensureDir(path) }, meter),
    firewall: createSharedRead(() => readFirewall(exec), clock, FIREWALL_MAX_AGE_MS),
    routes: () => readRoutes(),
    overlays,
    overlayWorld: createSharedRead(() => overlays.read(), clock, OVERLAY_MAX_AGE_MS),
    answering: (addresses) => answering(addresses),
    manifestDir: createManifestDir({ path: config.manifests, isManifest: isManifestFile }),
  };
}

/** The daemon's own key pair, made at the first start. */
export function loadIdentity(config: DaemonConfig): Promise<KeyPair> {
  return ensureIdentity(config.identity, 'k8slabd');
}

export interface ReconcilerDeps {
  readonly config: DaemonConfig;
  readonly clock: Clock;
  readonly store: ObjectStore;
  readonly drivers: Drivers;
  readonly identity: KeyPair;
  readonly memory: Memory;
  readonly isCondemned: (kind: Kind, name: string) => boolean;
  /** Whether there may be a Node that is not in the store; left out: there is none. */
  readonly mayExist?: (node: string) => boolean;
  /** What the vmhost tells others that share a lab with it; left out: it is alone. */
  readonly facts?: Facts | undefined;
  /** A job beside the passes progressed. */
  readonly onJob: (kind: 'Image' | 'Node' | 'LoadBalancer', name: string) => void;
}

export function createReconcilers(deps: ReconcilerDeps): {
  reconcilers: Reconcilers;
  jobs: readonly Pick<Jobs, 'dispose'>[];
} {
  const { config, clock, store, drivers, identity, memory } = deps;
  const limit = config.maxConcurrentBoots;
  const turns = createTurns({ store, memory, clock, limit, enqueue: (name) => deps.onJob('Node', name) });
  const imageJobs = createJobs({
    clock,
    onChange: (name) => deps.onJob('Image', name),
    retryMs: refetchMs,
  });
  const nodeJobs = createJobs({ clock, onChange: (name) => deps.onJob('Node', name) });
  const packageJobs = createJobs({ clock, onChange: (name) => deps.onJob('LoadBalancer', name) });
  const probes = createProbePool({ clock, onChange: (name) => deps.onJob('Node', name) });
  const hostKeys = join(config.state, 'hostkeys');
  const { files } = drivers;
  const isCondemned = (node: string): boolean => deps.isCondemned('Node', node);
  const { hosts } = config.hostFiles;
  const readHosts = async (): Promise<HostsTable> => parseHosts((await files.readIfExists(hosts)) ?? '');
  const resolvConf = (): Promise<string | undefined> => readIfExists('/etc/resolv.conf');
  const overlay = (network: string): OverlayPeers | undefined =>
    overlayPeers({ network, vmhosts: store.list('Vmhost'), nodes: store.list('Node') });
  const networkDeps = { ...drivers, resolvConf, store, clock, isCondemned, overlay };
  const network = createNetworkReconciler(networkDeps);
  const nodeDeps = {
    ...drivers,
    store,
    clock,
    hostKey: (node: string) => ensureHostKey(hostKeys, node),
    hostKeys: {
      has: (node: string) => hasHostKey(hostKeys, node),
      remove: (node: string) => removeHostKey(hostKeys, node),
    },
    ...(config.source.kubeconfig === '' ? {} : { vmhost: vmhostName(config) }),
    daemonKey: identity.publicKey,
    peerKeys: () => peersOf(store).flatMap(({ status }) => status.sshPublicKey ?? []),
    jobs: nodeJobs,
    probes,
    memory,
    turns,
    imagesDir: imagesDir(config.storage),
    stopSeconds: config.shutdownSeconds,
    ...(hosts === '' ? {} : { hosts: createSharedRead(readHosts, clock, HOSTS_MAX_AGE_MS) }),
  };
  const reconcilers = {
    Vmhost: createVmhostReconciler({
      store,
      view: drivers.view,
      dnsmasq: drivers.dnsmasq,
      files,
      paths: hostPaths(config),
      domainType: config.domainType,
      ...(deps.mayExist === undefined ? {} : { mayExist: deps.mayExist }),
      ...(deps.facts === undefined ? {} : { facts: deps.facts }),
    }),
    Network: withRemoval(network, createNetworkRemoval(networkDeps, network)),
    Image: withRemoval(
      createImageReconciler({ images: drivers.images, jobs: imageJobs, clock }),
      createImageRemoval({ ...drivers, store, jobs: imageJobs }),
    ),
    Node: withRemoval(createNodeReconciler(nodeDeps), createNodeRemoval(nodeDeps)),
    LoadBalancer: withRemoval(
      createLoadBalancerReconciler({ ...drivers, store, clock, readSecret, jobs: packageJobs }),
      letGo('LoadBalancer'),
    ),
  };
  forgetFailures(store, { Image: imageJobs, Node: nodeJobs, LoadBalancer: packageJobs });
  const jobs = [imageJobs, nodeJobs, packageJobs, probes];
  return { reconcilers: reconcilers as unknown as Reconcilers, jobs };
}

function peersOf(store: ObjectStore): readonly ObjectOf<'Vmhost'>[] {
  return store.list('Vmhost').filter(isElsewhere);
}

/** What failed goes with its object. */
function forgetFailures(store: ObjectStore, jobsOf: Partial<Record<Kind, Jobs>>): void {
  store.subscribe(({ type, object }) => {
    if (type === 'DELETED') jobsOf[object.kind]?.forget(object.metadata);
  });
}

function hostPaths(config: DaemonConfig): HostPaths {
  const { hosts, inventory, sshConfig } = config.hostFiles;
  return {
    ...(hosts === '' ? {} : { hosts }),
    ...(inventory === '' ? {} : { inventory }),
    ...(sshConfig === '' ? {} : { sshConfig }),
    knownHosts: join(config.state, 'known_hosts'),
    identity: config.identity,
  };
}
