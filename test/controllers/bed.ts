import { parseHosts } from '../../src/api/ipam/hosts-file.ts';
import assert from 'node:assert/strict';
import { findCondition } from '../../src/api/conditions.ts';
import { imageSpec } from '../../src/api/image/spec.ts';
import { loadBalancerSpec } from '../../src/api/load-balancer/spec.ts';
import { networkSpec } from '../../src/api/network/spec.ts';
import { nodeSpec } from '../../src/api/node/spec.ts';
import { contentHash } from '../../src/api/canonical.ts';
import type { PlannedObject } from '../../src/api/disruption/action.ts';
import { KINDS } from '../../src/api/kinds/list.ts';
import type { Condition, ConditionInput, Kind, ManifestKind, KindMap } from '../../src/api/meta.ts';
import { createVmhostReconciler } from '../../src/controllers/vmhost/reconciler.ts';
import { createImageReconciler, refetchMs } from '../../src/controllers/image/reconciler.ts';
import { createImageRemoval } from '../../src/controllers/image/removal.ts';
import { createJobs } from '../../src/controllers/jobs.ts';
import { createLoadBalancerReconciler } from '../../src/controllers/load-balancer/reconciler.ts';
import { createNetworkReconciler } from '../../src/controllers/network/reconciler.ts';
import { createNetworkRemoval } from '../../src/controllers/network/removal.ts';
import { createNodeReconciler } from '../../src/controllers/node/reconciler.ts';
import { createNodeRemoval } from '../../src/controllers/node/removal.ts';
import type { ProbePool } from '../../src/controllers/node/probe-pool.ts';
import type { ObjectOf, ObjectStore } from '../../src/controllers/objects.ts';
import { createPass } from '../../src/controllers/pass.ts';
import { letGo, withRemoval } from '../../src/controllers/removal.ts';
import { createTurns } from '../../src/controllers/node/turns.ts';
import { createSharedRead } from '../../src/controllers/shared-read.ts';
import { planAll, type Reconcilers } from '../../src/daemon/planner.ts';
import { createLibvirtCache, type LibvirtCache } from '../../src/drivers/libvirt/cache.ts';
import type { PassContext, Result } from '../../src/engine/controller.ts';
import { createEvents, type EventRecorder } from '../../src/engine/events.ts';
import type { Logger } from '../../src/engine/logger.ts';
import { createMemory, type Memory } from '../../src/engine/memory.ts';
import { createStoreSink } from '../../src/engine/status-sink.ts';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock, settle, type FakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';
import { createWorld, fakeLibvirt, type World } from './fakes.ts';
import type { Disks } from '../../src/drivers/disks.ts';
import { fakeDrivers, unwrapped, type FakeDrivers, type Wrap } from './drivers.ts';
import { fakeSecret } from './haproxy-fakes.ts';

export const PATHS = {
  hosts: '/etc/hosts',
  inventory: '/etc/ansible/hosts',
  sshConfig: '/etc/ssh/ssh_config.d/k8slab.conf',
  knownHosts: '/var/lib/k8slab/known_hosts',
  identity: '/etc/k8slab/ssh/id_ed25519',
};

/** All controllers over one world in memory. */
export interface Bed {
  readonly world: World;
  readonly store: ObjectStore;
  readonly clock: FakeClock;
  readonly memory: Memory;
  readonly recorder: EventRecorder;
  /** `Kind/name` of objects whose manifests contradict others'. */
  readonly condemned: Set<string>;
  /** What is known of libvirt; `pass` forgets it all before each pass. */
  readonly cache: LibvirtCache;
  readonly disks: Disks;
  /** One pass over one object. */
  pass(kind: Kind, name: string, log?: Logger): Promise<Result>;
  /** What `k8slab plan` would print of it now. */
  plan(kind: Kind, name: string): Promise<PlannedObject>;
  /** Whether something goes on beside the passes for an object of that name. */
  busy(name: string): boolean;
  /** The same with what is known of libvirt, as the daemon's controllers make it. */
  readonly reconcile: (kind: Kind, name: string, context: PassContext) => Promise<Result>;
  /** Passes over all objects, in the order of their dependencies, until a round changes neither world nor status. */
  converge(): Promise<void>;
  apply(kind: ManifestKind, name: string, fields?: Record<string, unknown>): void;
  object<K extends Kind>(kind: K, name: string): ObjectOf<K>;
  condition(reference: readonly [Kind, string], type: string): Condition | undefined;
  /** `Ready` of an object: `status reason`. */
  ready(kind: Kind, name: string): string;
}

const DEFAULTS = {
  Network: { domain: 'k8s-thw.local', cidr: '192.168.111.0/24', bridge: { name: 'virbr1' } },
  Image: { source: '/srv/images/debian.qcow2' },
  Node: { disk: { image: 'debian' }, networks: [{ network: 'k8s-net' }] },
  LoadBalancer: {
    node: 'lb',
    frontends: [{ name: 'main', port: 6443, backend: { role: 'master', port: 6443 } }],
  },
};
const SCHEMAS = { Network: networkSpec, Image: imageSpec, Node: nodeSpec, LoadBalancer: loadBalancerSpec };
const ORDER: readonly Kind[] = ['Vmhost', 'Network', 'Image', 'Node', 'LoadBalancer'];

const AT_ONCE: ProbePool = {
  ask: (_node, { probe }, signal) => probe(signal),
  forget: () => undefined,
  dispose: () => Promise.resolve(),
};

export interface BedOptions {
  readonly boots?: number;
  readonly domainType?: 'auto' | 'kvm' | 'qemu';
  /** Default: each look probes and waits for the answer. */
  readonly probes?: (clock: FakeClock) => ProbePool;
  /** One that another daemon left. */
  readonly world?: World;
  /** Stands between the controllers and a driver. */
  readonly wrap?: Wrap;
  /** Why an object is left alone beside those that are condemned. */
  readonly blocked?: (kind: Kind, name: string) => ConditionInput | undefined;
  /** Whether there may be a Node that is not in the store. */
  readonly mayExist?: (node: string) => boolean;
  /** A job beside the passes progressed. */
  readonly onJob?: (kind: 'Image' | 'Node' | 'LoadBalancer', name: string) => void;
}

export function createBed(options: BedOptions = {}): Bed {
  const world = options.world ?? createWorld();
  const { wrap = unwrapped } = options;
  const clock = createFakeClock();
  const drivers = fakeDrivers(world, clock, wrap);
  const store: ObjectStore = createStore<KindMap>({ clock });
  const condemned = new Set<string>();
  store.apply('Vmhost', { name: 'vmhost', spec: {}, hash: '' });
  const cache = createLibvirtCache({ libvirt: wrap('libvirt', fakeLibvirt(world)), clock });
  const memory = createMemory();
  const recorder = createEvents({ clock });
  const parts = { world, clock, store, condemned, cache, drivers, memory, recorder };
  const { passes, reconcilers, condemnedBy, busy } = createPasses(parts, options);

  async function plan(kind: Kind, name: string): Promise<PlannedObject> {
    cache.suspect({ kind: 'all' });
    const list = <K extends Kind>(of: K): readonly ObjectOf<K>[] =>
      of === kind ? [store.get(of, name)].filter((object) => object !== undefined) : [];
    const deps = { memory, kinds: KINDS, reconcilers, clock, condemned: condemnedBy, remember: false };
    const [found] = await planAll({ ...deps, store: { ...store, list } }, new AbortController().signal);
    assert.ok(found, `${kind}/${name}`);
    return found;
  }

  async function pass(kind: Kind, name: string, log: Logger = createRecordingLogger()): Promise<Result> {
    // As if libvirt had told of all that a test changed.
    cache.suspect({ kind: 'all' });
    const context: PassContext = {
      signal: new AbortController().signal,
      log,
      uninterruptible: (section) => section(),
    };
    const result = await passes[kind](name, context);
    // Jobs beside the passes.
    await settle();
    return result;
  }

  async function converge(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      const before = JSON.stringify([
        store.all().map(({ metadata }) => metadata.resourceVersion),
        world.calls.length,
      ]);
      for (const kind of ORDER) for (const { metadata } of store.list(kind)) await pass(kind, metadata.name);
      const after = JSON.stringify([
        store.all().map(({ metadata }) => metadata.resourceVersion),
        world.calls.length,
      ]);
      if (before === after) return;
      await clock.advance(300);
    }
    assert.fail('it never converges');
  }

  const bed: Bed = {
    world,
    store,
    clock,
    memory,
    recorder,
    condemned,
    cache,
    disks: drivers.disks,
    pass,
    plan,
    busy,
    reconcile: (kind, name, context) => passes[kind](name, context),
    converge,
    apply(kind, name, fields = {}) {
      const spec = SCHEMAS[kind].parse({ ...DEFAULTS[kind], ...fields }) as never;
      store.apply(kind, { name, spec, hash: contentHash(spec) });
    },
    object(kind, name) {
      const object = store.get(kind, name);
      assert.ok(object, `${kind}/${name}`);
      return object;
    },
    condition: ([kind, name], type) => findCondition(bed.object(kind, name).status.conditions, type),
    ready(kind, name) {
      const { status = '', reason = '' } = bed.condition([kind, name], 'Ready') ?? {};
      return `${status} ${reason}`;
    },
  };
  return bed;
}

type Parts = Pick<Bed, 'world' | 'clock' | 'store' | 'condemned' | 'cache' | 'memory' | 'recorder'> & {
  readonly drivers: FakeDrivers;
};
interface Passes {
  readonly passes: Record<Kind, (name: string, context: PassContext) => Promise<Result>>;
  readonly reconcilers: Reconcilers;
  readonly condemnedBy: (kind: Kind, name: string) => ConditionInput | undefined;
  readonly busy: (name: string) => boolean;
}

function createPasses(parts: Parts, options: BedOptions): Passes {
  const { world, clock, store, condemned, drivers, memory, recorder } = parts;
  const { libvirt, view } = parts.cache;
  const { wrap = unwrapped } = options;
  const { dnsmasq, files, images } = drivers;
  const blocked = (kind: Kind, name: string): ConditionInput | undefined =>
    condemned.has(`${kind}/${name}`)
      ? { type: 'Ready', status: 'False', reason: 'Conflict', message: 'two manifests' }
      : options.blocked?.(kind, name);
  store.subscribe(({ type, object }) => {
    if (type === 'DELETED') memory.forget(object);
  });
  const deps = {
    store,
    sink: createStoreSink({ store, clock }),
    recorder,
    clock,
    memory,
    condemned: blocked,
    resyncMs: () => 60_000,
    onDrift: (kind: Kind, name: string) => void world.drifts.push(`${kind}/${name}`),
  };
  const tell = (kind: 'Image' | 'Node' | 'LoadBalancer') => (name: string) => options.onJob?.(kind, name);
  const networkDeps = {
    ...drivers,
    store,
    clock,
    libvirt,
    view,
    resolvConf: () => files.readIfExists('/etc/resolv.conf'),
    overlay: (name: string) => world.overlays.peers.get(name),
    isCondemned: (name: string) => condemned.has(`Node/${name}`),
  };
  const network = createNetworkReconciler(networkDeps);
  const imageJobs = createJobs({ clock, onChange: tell('Image'), retryMs: refetchMs });
  const nodeJobs = createJobs({ clock, onChange: tell('Node') });
  const balancerJobs = createJobs({ clock, onChange: tell('LoadBalancer') });
  const nodeDeps = {
    ...drivers,
    store,
    libvirt,
    clock,
    view,
    imagesDir: '/images',
    probes: options.probes?.(clock) ?? AT_ONCE,
    hostKey(node: string) {
      world.hostKeys.add(node);
      return Promise.resolve({
        privateKey: `secret of ${node}`,
        publicKey: `ssh-ed25519 AAAA${node} ${node}`,
      });
    },
    hostKeys: wrap('hostKeys', {
      has: (node: string) => Promise.resolve(world.hostKeys.has(node)),
      remove(node: string) {
        world.calls.push(`removeHostKey ${node}`);
        world.hostKeys.delete(node);
        return Promise.resolve();
      },
    }),
    daemonKey: 'ssh-ed25519 AAAAdaemon k8slabd',
    jobs: nodeJobs,
    memory,
    turns: createTurns({ store, memory, clock, limit: options.boots ?? 8, enqueue: tell('Node') }),
    stopSeconds: 120,
    hosts: createSharedRead(
      () => files.readIfExists(PATHS.hosts).then((text) => parseHosts(text ?? '')),
      clock,
      0,
    ),
  };
  const reconcilers = {
    Vmhost: createVmhostReconciler({
      store,
      view,
      dnsmasq,
      files,
      paths: PATHS,
      domainType: options.domainType ?? 'auto',
      ...(options.mayExist === undefined ? {} : { mayExist: options.mayExist }),
    }),
    Network: withRemoval(network, createNetworkRemoval(networkDeps, network)),
    Image: withRemoval(
      createImageReconciler({ images, clock, jobs: imageJobs }),
      createImageRemoval({ ...nodeDeps, images, jobs: imageJobs }),
    ),
    Node: withRemoval(createNodeReconciler(nodeDeps), createNodeRemoval(nodeDeps)),
    LoadBalancer: withRemoval(
      createLoadBalancerReconciler({
        ...drivers,
        store,
        clock,
        readSecret: (path) => fakeSecret(world, path),
        jobs: balancerJobs,
      }),
      letGo('LoadBalancer'),
    ),
  };
  return {
    passes: {
      Vmhost: createPass(reconcilers.Vmhost, deps),
      Network: createPass(reconcilers.Network, deps),
      Image: createPass(reconcilers.Image, deps),
      Node: createPass(reconcilers.Node, deps),
      LoadBalancer: createPass(reconcilers.LoadBalancer, deps),
    },
    reconcilers: reconcilers as unknown as Reconcilers,
    condemnedBy: blocked,
    busy: (name) => [imageJobs, nodeJobs, balancerJobs].some((jobs) => jobs.runs(name)),
  };
}

/** What a guest that is up shows of itself: its lease, and cloud-init that is done. */
export function boot(bed: Bed, name: string): void {
  const { address = '', mac = '' } = bed.object('Node', name).status;
  bed.world.leases.push({ mac, ip: address, expiry: 0 });
  bed.world.guests.set(address, { code: 0, stdout: '{"v1": {"errors": []}}', stderr: '' });
}

/** A network, an image and these Nodes, all up. */
export async function createLab(...nodes: readonly string[]): Promise<Bed> {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  bed.apply('Image', 'debian');
  for (const name of nodes) bed.apply('Node', name);
  await bed.converge();
  for (const name of nodes) boot(bed, name);
  await bed.converge();
  for (const name of nodes) assert.equal(bed.ready('Node', name), 'True Ready');
  bed.world.calls.length = 0;
  return bed;
}

/** A network, an image and one Node; nothing was looked at yet. */
export function withNode(fields: Record<string, unknown> = {}): Bed {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  bed.apply('Image', 'debian');
  bed.apply('Node', 'a', fields);
  return bed;
}

/** Calls that change what belongs to one Node. */
export function callsFor(bed: Bed, name: string): string[] {
  return bed.world.calls.filter((call) => call.endsWith(` ${name}`)).map((call) => call.split(' ')[0] ?? '');
}
