import { explainError } from '../../api/errors.ts';
import { overlayDevice } from '../../api/ipam/names.ts';
import type { ObservedNetwork } from '../../api/network/observed.ts';
import { desireOverlay, type OverlayPeers } from '../../api/network/overlay.ts';
import { overlayOf, type ObservedOverlay, type OverlayWorld } from '../../api/network/overlay-observed.ts';
import type { OverlayAction, WantedOverlay } from '../../api/network/plan-overlay.ts';
import type { DesiredNetwork } from '../../api/network/render.ts';
import type { Bridges } from '../../drivers/bridges.ts';
import type { Overlays } from '../../drivers/overlays.ts';
import type { ObjectOf } from '../objects.ts';
import type { SharedRead } from '../shared-read.ts';

export interface OverlayDeps {
  readonly bridges: Bridges;
  readonly overlays: Overlays;
  readonly overlayWorld: SharedRead<OverlayWorld>;
  /** Where a Network's other vmhosts and their guests are; undefined: that is not known. */
  readonly overlay: (network: string) => OverlayPeers | undefined;
}

/** Of a network that has no overlay, and shall have none, nothing is asked. What fails keeps nobody from local guests. */
export async function observeOverlay(
  deps: OverlayDeps,
  { metadata: { name }, spec }: ObjectOf<'Network'>,
): Promise<Pick<ObservedNetwork, 'overlay' | 'overlayUnread'>> {
  const device = overlayDevice(name);
  if (spec.overlay === undefined && !(await deps.bridges.exists(device))) return {};
  try {
    return { overlay: await readOverlay(deps, name, device) };
  } catch (error) {
    return { overlayUnread: explainError(error) };
  }
}

async function readOverlay(
  { bridges, overlays, overlayWorld, overlay: peersOf }: OverlayDeps,
  name: string,
  device: string,
): Promise<ObservedOverlay> {
  const before = overlayOf(await overlayWorld.get(), device);
  // Nobody tells that a bridge was made anew: what was read a moment ago is held against the kernel.
  if (before.device?.master !== (await bridges.masterOf(device))) overlayWorld.invalidate();
  const observed = overlayOf(await overlayWorld.get(), device);
  const { local, peers = [] } = peersOf(name) ?? {};
  if (local === undefined || peers.length === 0) return observed;
  const addresses = peers.map(({ address }) => address);
  return { ...observed, underlay: await overlays.underlay(local, addresses) };
}

/** Who is where is known by others; as long as it is not, what there is stays as it is. */
export function wantedOverlay(
  { overlay: peersOf }: Pick<OverlayDeps, 'overlay'>,
  { name, spec, gateway }: DesiredNetwork,
  { config, live, guests }: ObservedNetwork,
): WantedOverlay {
  const peers = spec.overlay === undefined ? undefined : peersOf(name);
  if (peers === undefined) return { asked: spec.overlay !== undefined };
  const gatewayMac = live?.model.mac ?? config?.model.mac ?? spec.bridge.mac ?? '';
  const here = new Set(guests.flatMap(({ mac }) => mac ?? []));
  const input = { name, spec, gateway: live?.model.ip?.address ?? gateway, gatewayMac, here };
  const desired = desireOverlay(input, peers);
  return { asked: true, ...(desired === undefined ? {} : { desired }) };
}

/** What was read of overlays before holds no longer, whatever comes of the change. */
export async function changeOverlay(
  { overlays, overlayWorld }: Pick<OverlayDeps, 'overlays' | 'overlayWorld'>,
  action: OverlayAction,
): Promise<void> {
  try {
    await change(overlays, action);
  } finally {
    overlayWorld.invalidate();
  }
}

function change(overlays: Overlays, action: OverlayAction): Promise<void> {
  switch (action.type) {
    case 'SetOverlay':
      return overlays.set(action.device, action.how);
    case 'FilterOverlay':
      return overlays.filter(action.device, action.filter);
    case 'PlugOverlay':
      return overlays.plug(action);
    case 'UpdateOverlay':
      return overlays.update(action.device, action.neighbours);
    case 'RemoveOverlay':
      return overlays.remove(action.device);
  }
}
