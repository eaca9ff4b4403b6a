import { namedIn } from '../../api/ownership/named.ts';
import { leaveEntries, takeOverNetwork } from '../../api/network/adopt.ts';
import { networkConditions } from '../../api/network/status.ts';
import { waitingRule } from '../../api/disruption/waiting.ts';
import { isElsewhere, isRemoved } from '../../api/meta.ts';
import type { Plan } from '../../api/disruption/action.ts';
import type { HostFiles, NetworkAction } from '../../api/network/actions.ts';
import {
  desireNetwork,
  takenInput,
  type DesireNetworkInput,
  type NetworkDesire,
} from '../../api/network/desire.ts';
import { definedEntries, liveEntries } from '../../api/network/liveness.ts';
import type { ObservedNetwork } from '../../api/network/observed.ts';
import { withOverlay } from '../../api/network/overlay.ts';
import { addOverlay, isOverlayStep, type WantedOverlay } from '../../api/network/plan-overlay.ts';
import { overlayCondition, overlayStatus } from '../../api/network/status-overlay.ts';
import { planNetwork } from '../../api/network/plan.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';
import type { Clock } from '../../engine/clock.ts';
import { timestamp } from '../../engine/clock.ts';
import type { ObjectOf, ObjectStore } from '../objects.ts';
import type { Look, Reconciler } from '../reconciler.ts';
import { observeNetwork, type NetworkObserveDeps } from './observe.ts';
import { changeOverlay, wantedOverlay } from './overlay.ts';
import { rememberNetwork, type NetworkExtra } from './remember.ts';
import { restartNetwork } from './restart.ts';
import type { LiveEntry } from '../../api/ipam/entry.ts';
import type { NetworkStatus } from '../../api/network/object.ts';

export interface NetworkDeps extends NetworkObserveDeps {
  readonly libvirt: Libvirt;
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Nodes that contradict others get nothing new. */
  readonly isCondemned: (node: string) => boolean;
  /** Those of the addresses that a machine answers on. */
  readonly answering: (addresses: readonly string[]) => Promise<readonly string[]>;
}

type NetworkLook = Look<'Network', NetworkAction, NetworkExtra>;

/** The one writer of a libvirt network: its definition, and every reservation and name that Nodes claim in it. */
export function createNetworkReconciler(
  deps: NetworkDeps,
): Reconciler<'Network', NetworkAction, NetworkExtra> {
  return {
    kind: 'Network',
    async look(object, { memory = {} }) {
      const { failedRestart, restartedAt } = memory;
      const { metadata, spec, origin } = object;
      const nodes = await claimants(deps);
      const seen = await observeNetwork(deps, object);
      const asked = withOverlay(metadata.name, spec, seen.config?.model.mac);
      const manifest = { name: metadata.name, spec: asked, named: namedIn(origin) };
      const taken = takeOverNetwork(manifest, seen, nodes);
      const desire = await desireSilent(deps, seen, {
        ...takenInput(taken),
        name: metadata.name,
        asked: spec,
        nodes,
        inUse: [...(seen.leases ?? []), ...seen.hostFiles.reservations],
        keeps: await keeper(deps),
        hostDirs: deps.dnsmasq.hostDirs(metadata.name),
      });
      const { desired } = desire;
      const observed: ObservedNetwork = {
        ...leaveEntries(taken, desire.left),
        ...(failedRestart === undefined ? {} : { failedRestart }),
      };
      const wanted = wantedOverlay(deps, desired, observed);
      const known = memory.overlay === undefined ? {} : { known: memory.overlay };
      const plan = addOverlay(planNetwork(desired, observed), desired, observed, { ...wanted, ...known });
      const look = describe(desire, observed, { plan, found: taken.found, wanted });
      return restartedAt === undefined ? look : { ...look, fields: { ...look.fields, restartedAt } };
    },
    // Between its stop and its start no guest reaches anything.
    isWhole: ({ type }) => type === 'RestartNetwork',
    remember: (memory, event) => rememberNetwork(memory, event, timestamp(deps.clock.now())),
    async execute(action, _look, object) {
      const { name } = object.metadata;
      if (action.type === 'RestartNetwork') await restartNetwork(deps, name, action);
      else await execute(deps, name, action);
    },
  };
}

/** A Node is given no address on which another machine answers; asked is about those that nobody had before. */
async function desireSilent(
  { answering }: NetworkDeps,
  { active, ports }: ObservedNetwork,
  input: DesireNetworkInput,
): Promise<NetworkDesire> {
  const silent = new Set<string>();
  const inUse = [...(input.inUse ?? [])];
  for (;;) {
    const desire = desireNetwork({ ...input, inUse });
    const asked = active && ports.length > 0 ? desire.fresh.filter((ip) => !silent.has(ip)) : [];
    if (asked.length === 0) return desire;
    for (const ip of asked) silent.add(ip);
    inUse.push(...(await answering(asked)).map((ip) => ({ ip })));
  }
}

async function claimants(deps: NetworkDeps): Promise<{ name: string; spec: ObjectOf<'Node'>['spec'] }[]> {
  return Promise.resolve(
    deps.store
      .list('Node')
      .filter((node) => !deps.isCondemned(node.metadata.name) && !isRemoved(node) && isGiven(node))
      .map(({ metadata, spec }) => ({ name: metadata.name, spec })),
  );
}

/** Whether others have given an address to what they have: nobody gives one here. */
function isGiven(node: ObjectOf<'Node'>): boolean {
  return !isElsewhere(node) || node.spec.networks.every(({ address }) => address !== undefined);
}

/** A machine that exists keeps its address, whatever became of its manifest. */
async function keeper(deps: NetworkDeps): Promise<(node: string) => boolean> {
  const domains = new Set((await deps.view.domains()).map(({ name }) => name));
  return (node) => domains.has(node) || deps.isCondemned(node);
}

function describe(
  { desired, refusals, refusedRecords }: NetworkDesire,
  observed: ObservedNetwork,
  {
    plan,
    found,
    wanted,
  }: {
    readonly plan: Plan<NetworkAction>;
    readonly found: readonly string[];
    readonly wanted: WantedOverlay;
  },
): NetworkLook {
  const [isDefined, isLive, isFound] = [definedEntries(observed), liveEntries(observed), new Set(found)];
  const entries = desired.entries.map((entry): LiveEntry => {
    const absent = isDefined(entry) ? {} : { defined: false };
    const others = isFound.has(entry.node) ? { found: true as const } : {};
    return { ...entry, live: isLive(entry), ...absent, ...others };
  });
  const fields: Omit<NetworkStatus, 'conditions'> = {
    bridge: desired.bridge,
    gateway: desired.gateway,
    entries,
    ...(refusals.length === 0 ? {} : { refusals }),
    ...(wanted.desired === undefined ? {} : { overlay: overlayStatus(wanted.desired, observed) }),
  };
  const isDone = observed.active && !plan.actions.some(isOverlayStep);
  const again = plan.waiting && waitingRule(plan.waiting).againMs;
  return {
    plan,
    fields,
    conditions: [
      ...networkConditions(observed, plan, { entries, refusals, refusedRecords }),
      ...(wanted.asked ? [overlayCondition(desired.name, observed, wanted.desired, isDone)] : []),
    ],
    extra: isDone && wanted.desired !== undefined ? { inForce: wanted.desired } : undefined,
    ...(again === undefined ? {} : { again }),
  };
}

type Simple = Exclude<NetworkAction, { type: 'RestartNetwork' }>;

async function execute(deps: NetworkDeps, network: string, action: Simple): Promise<void> {
  const { libvirt, dnsmasq } = deps;
  switch (action.type) {
    case 'WriteHostFiles':
      await dnsmasq.writeHostFiles(network, mutable(action.files));
      return;
    case 'ReloadDnsmasq':
      await dnsmasq.reload(network);
      return;
    case 'DefineNetwork':
      await libvirt.defineNetwork(action.xml);
      return;
    case 'StartNetwork':
      await libvirt.startNetwork(network);
      return;
    case 'SetNetworkAutostart':
      await libvirt.setNetworkAutostart(network, action.on);
      return;
    case 'AttachTaps':
      await deps.bridges.attach(action.attachment);
      return;
    case 'SetMtu':
      await deps.bridges.setMtu(action.mtu, action.ports);
      return;
    case 'UpdateNetwork':
      await update(deps, network, action);
      return;
    default:
      await changeOverlay(deps, action);
  }
}

async function update(
  { libvirt }: NetworkDeps,
  network: string,
  action: Extract<NetworkAction, { type: 'UpdateNetwork' }>,
): Promise<void> {
  const { command, section, xml, restore, parentIndex } = action;
  const parent = parentIndex === undefined ? {} : { parentIndex };
  const live = { network, section, live: true, config: false, ...parent } as const;
  try {
    await libvirt.updateNetwork({ ...live, command, xml });
  } catch (error) {
    if (restore !== undefined) await libvirt.updateNetwork({ ...live, command: 'add', xml: restore });
    throw error;
  }
}

function mutable(files: HostFiles): Parameters<Dnsmasq['writeHostFiles']>[1] {
  return {
    reservations: files.reservations.map((reservation) => ({ ...reservation })),
    names: files.names.map(({ ip, hostnames }) => ({ ip, hostnames: [...hostnames] })),
  };
}
