import type { Plan } from '../disruption/action.ts';
import type { NetworkAction } from '../network/actions.ts';
import type { NodeManifest } from '../network/claims.ts';
import { desireNetwork, takenInput } from '../network/desire.ts';
import { planNetwork } from '../network/plan.ts';
import type { ParsedObject } from '../manifest/types.ts';
import { namedIn } from '../ownership/named.ts';
import { leaveEntries, takeOverNetwork } from '../network/adopt.ts';
import type { FoundManifest, FoundNetwork, FoundWorld } from './world.ts';

/** Plans each network as the daemon will, and says in its notes what would be done all the same. */
export function withConsequences(
  manifests: readonly FoundManifest[],
  objects: readonly ParsedObject[],
  world: FoundWorld,
): FoundManifest[] {
  const nodes = objects.filter((object) => object.kind === 'Node');
  return manifests.map((manifest) => {
    const object = objects.find(({ kind, name }) => kind === 'Network' && name === manifest.name);
    const found = world.networks.find(({ name }) => name === manifest.name);
    if (manifest.kind !== 'Network' || object?.kind !== 'Network' || found === undefined) return manifest;
    return withNotes(manifest, planFound(object, found, nodes));
  });
}

function withNotes(manifest: FoundManifest, { actions, waiting }: Plan<NetworkAction>): FoundManifest {
  const steps = actions.map(({ type, reason }) => `k8slab will do ${type}: ${reason}`);
  const waits = waiting === undefined ? [] : [waiting.message];
  return { ...manifest, notes: [...manifest.notes, ...steps, ...waits] };
}

function planFound(
  { name, spec, origin }: ParsedObject<'Network'>,
  { active, autostart, config, live }: FoundNetwork,
  nodes: readonly NodeManifest[],
): Plan<NetworkAction> {
  const found = {
    ...{ active, autostart, persistent: true, config, hostFiles: { reservations: [], names: [] } },
    ...{ guests: [], ports: [], filtersFrames: false },
    neighbours: { networks: [], unreadable: [], routes: [], bridgeNameTaken: false },
    ...(live === undefined ? {} : { live }),
  };
  const taken = takeOverNetwork({ name, spec, named: namedIn(origin) }, found, nodes);
  const { desired, left } = desireNetwork({
    ...takenInput(taken),
    ...{ name, nodes },
    keeps: () => true,
    hostDirs: { dhcp: '', dns: '' },
  });
  return planNetwork(desired, leaveEntries(taken, left));
}
