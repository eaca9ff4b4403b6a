import { isDeepStrictEqual } from 'node:util';
import type { Plan } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { NetworkAction, NetworkRemovalAction, OverlayDevice, OverlayNeighbours } from './actions.ts';
import { overlayAlias, type DesiredOverlay } from './overlay.ts';
import type { ObservedNetwork } from './observed.ts';
import type { DesiredNetwork } from './render.ts';
import { overlayOf, type ObservedOverlay, type OverlayWorld, type VxlanDevice } from './overlay-observed.ts';

/** What the manifest asks for; without `desired`, where the other vmhosts are is not known. */
export interface WantedOverlay {
  readonly asked: boolean;
  readonly desired?: DesiredOverlay;
}

const TYPES = ['SetOverlay', 'FilterOverlay', 'PlugOverlay', 'UpdateOverlay', 'RemoveOverlay'] as const;

export type OverlayAction = Extract<NetworkAction, { type: (typeof TYPES)[number] }>;

type SetOverlay = Extract<NetworkAction, { type: 'SetOverlay' }>;

export function isOverlayStep({ type }: Pick<NetworkAction, 'type'>): boolean {
  return TYPES.some((each) => each === type);
}

export interface OverlayPlanInput {
  readonly network: string;
  /** Left out: there shall be none. */
  readonly desired?: DesiredOverlay;
  readonly observed: ObservedOverlay;
  /** The bridge that the network has once the steps before are done. */
  readonly bridge: string;
  readonly stp: boolean;
  /** The steps before make the bridge anew: it knows nothing. */
  readonly fresh: boolean;
  /** What was seen in force last: where that is what shall be, others changed what differs. */
  readonly known?: DesiredOverlay;
}

/**
 * The plan of a network with what its overlay needs. The overlay comes last, so that no fault of it keeps local guests
 * waiting; one that is to go goes first, or a restart would take its device along.
 */
export function addOverlay(
  plan: Plan<NetworkAction>,
  network: DesiredNetwork,
  observed: ObservedNetwork,
  { asked, ...overlay }: WantedOverlay & { readonly known?: DesiredOverlay },
): Plan<NetworkAction> {
  if (asked && overlay.desired === undefined) return plan;
  const bridge = bridgeAfter(plan, observed, network);
  if (observed.overlay === undefined || bridge === undefined) return plan;
  const fresh = plan.actions.some(({ type }) => type === 'RestartNetwork' || type === 'StartNetwork');
  const { stp } = network.spec.bridge;
  const input = { network: network.name, observed: observed.overlay, bridge, stp, fresh, ...overlay };
  const steps = planOverlay(input);
  const actions = asked ? [...plan.actions, ...steps] : [...steps, ...plan.actions];
  return { ...plan, actions };
}

/** Undefined: there will be none that is ours. */
function bridgeAfter(
  { actions }: Plan<NetworkAction>,
  { config, live }: ObservedNetwork,
  { bridge }: DesiredNetwork,
): string | undefined {
  const starts = actions.some(({ type }) => type === 'RestartNetwork' || type === 'StartNetwork');
  if (starts) return bridge;
  return config?.model.mark === undefined ? undefined : live?.model.bridge?.name;
}

/** Whether the device is not k8slab's. One without an alias that is plugged in nowhere was being made when the daemon was killed. */
export function isForeign({ alias, kind, master }: VxlanDevice, network: string): boolean {
  if (kind !== 'vxlan') return true;
  return alias === undefined ? master !== undefined : alias !== overlayAlias(network);
}

/** Why the device can neither be made nor changed: what others made is in its place, and stays. */
export function overlayConflict(
  network: string,
  { device: { name, vni, port } }: DesiredOverlay,
  { device, others }: Pick<ObservedOverlay, 'device' | 'others'>,
): string | undefined {
  if (device !== undefined && isForeign(device, network)) {
    return `the vmhost has an interface ${name} that k8slab did not make`;
  }
  const rival = others.find((other) => other.vni === vni && other.port === port);
  if (rival === undefined) return undefined;
  return `the interface ${rival.name} has the VNI ${vni} on port ${port} already: name another one (overlay.vni)`;
}

/** What takes the device and its filter away, as far as they are ours. */
export function planOverlayRemoval(
  network: string,
  { device }: ObservedOverlay,
  reason: string,
): Extract<NetworkRemovalAction, { type: 'RemoveOverlay' }>[] {
  if (device === undefined || isForeign(device, network)) return [];
  return [
    { ...step('none', reason, { type: 'RemoveOverlay' as const, device: device.name }), isolated: true },
  ];
}

/**
 * What makes the overlay as desired. The filter is there before the device is plugged in, and the bridge is told of guests
 * before it refuses those that it does not know, so that no frame between Nodes is lost.
 */
export function planOverlay(input: OverlayPlanInput): OverlayAction[] {
  const { network, desired, observed } = input;
  if (desired === undefined) {
    return planOverlayRemoval(network, observed, 'the manifest has no overlay');
  }
  if (overlayConflict(network, desired, observed) !== undefined) return [];
  const actions = stepsTo(desired, input);
  const drift = !input.fresh && isDeepStrictEqual(input.known, desired);
  return actions.map((action) => ({ ...action, aside: true, ...(drift ? { drift: true } : {}) }));
}

function stepsTo(desired: DesiredOverlay, input: OverlayPlanInput): OverlayAction[] {
  const { bridge, stp, fresh } = input;
  const device = desired.device.name;
  const set = setDevice(desired.device, input.observed.device);
  const found = set === undefined || set.how === 'change' ? input.observed : overlayOf(NOTHING, device);
  const plugged = found.device?.master === bridge && !fresh;
  const { changes, count } = diffNeighbours(desired, plugged ? found : { ...found, behind: new Set() });
  const sealed = plugged && found.device.sealed;
  return [
    ...(set === undefined ? [] : [set]),
    ...(hasFilter(desired, found)
      ? []
      : [step('none', UNFILTERED, { type: 'FilterOverlay' as const, device, filter: desired.filter })]),
    ...(plugged && found.device.up
      ? []
      : [step('none', `not plugged into ${bridge}`, { type: 'PlugOverlay' as const, device, bridge, stp })]),
    ...(sealed && count === 0
      ? []
      : [step('none', whyUpdate(count), { type: 'UpdateOverlay' as const, device, neighbours: changes })]),
  ];
}

const UNFILTERED = 'what comes from other vmhosts is not filtered as it shall be';

function whyUpdate(count: number): string {
  return count === 0
    ? 'the bridge takes what comes from guests that are no Nodes'
    : `${count} entries about other vmhosts and their guests differ`;
}

/** The kernel does not change VNI and port of a device that there is. */
function setDevice(wanted: OverlayDevice, found: VxlanDevice | undefined): SetOverlay | undefined {
  const type = 'SetOverlay' as const;
  const set = { type, device: wanted };
  if (found === undefined) return step('none', 'there is no device', { ...set, how: 'make' as const });
  const differing = (['vni', 'port', 'local', 'mtu', 'alias'] as const).filter(
    (field) => wanted[field] !== found[field],
  );
  if (differing.length === 0) return undefined;
  const reason = `the device has another ${differing.join(', ')}`;
  const isLight = differing.every((field) => field === 'mtu' || field === 'alias');
  return isLight
    ? step('none', reason, { ...set, how: 'change' as const })
    : step('uplink', reason, { ...set, how: 'replace' as const });
}

const NOTHING: OverlayWorld = { devices: new Map(), fdb: new Map(), chains: new Map() };

function hasFilter({ filter }: DesiredOverlay, { chains }: ObservedOverlay): boolean {
  return chains?.size === 1 && chains.get(filter.chain) === filter.rules.length;
}

function diffNeighbours(
  { flood, guests }: DesiredOverlay,
  found: ObservedOverlay,
): { readonly changes: OverlayNeighbours; readonly count: number } {
  const changes: OverlayNeighbours = {
    flood: {
      add: [...flood].filter((address) => !found.flood.has(address)),
      remove: [...found.flood].filter((address) => !flood.has(address)),
    },
    far: {
      set: [...guests].filter(([mac, address]) => found.far.get(mac) !== address),
      remove: [...found.far].filter(([mac]) => !guests.has(mac)),
    },
    behind: {
      add: [...guests.keys()].filter((mac) => !found.behind.has(mac)),
      remove: [...found.behind].filter((mac) => !guests.has(mac)),
    },
  };
  const { flood: floods, far, behind } = changes;
  const all = [floods.add, floods.remove, far.set, far.remove, behind.add, behind.remove];
  return { changes, count: all.reduce((sum, list) => sum + list.length, 0) };
}
