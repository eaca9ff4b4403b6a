import { randomUUID } from 'node:crypto';
import { reasonOf, ReasonedError, toError } from '../../api/errors.ts';
import { KINDS } from '../../api/kinds/list.ts';
import type { DaemonConfig } from '../../api/daemon-config.ts';
import type { ManifestFile, Snapshot } from '../../api/manifest/snapshot.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import { ensureDir, readIfExists, writeAtomic } from '../../drivers/files.ts';
import type { Kube, KubeChange, KubeObject } from '../../drivers/kube.ts';
import type { MachineIdentity } from '../../drivers/vmhost/identity.ts';
import { settlesWithin, type Clock } from '../../engine/clock.ts';
import type { Controller } from '../../engine/controller.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Logger } from '../../engine/logger.ts';
import type { Metrics } from '../../engine/metrics.ts';
import type { Releasers } from '../../engine/releasers.ts';
import type { Source } from '../../engine/source.ts';
import type { VmhostSpecs } from '../http/vmhosts.ts';
import type { Manifests } from '../manifests.ts';
import type { Removals } from '../removals.ts';
import type { Facts } from './facts.ts';
import { foresee, type Foreseen } from './foreseen.ts';
import { createHintOf, createHints } from './hints.ts';
import { createKnown, lastKnown, type KnownObjects } from './known.ts';
import { startRegistration } from './registration.ts';
import { openRemembered, rememberedIn } from './remembered.ts';
import type { Sharer } from './snapshot.ts';
import { createApiServerSource } from './source.ts';
import { startWriting } from './writing.ts';

export interface ApiServerDeps {
  readonly kube: Kube;
  readonly vmhost: string;
  readonly machine: MachineIdentity;
  readonly config: Pick<DaemonConfig, 'source' | 'state'>;
  readonly store: ObjectStore;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly facts: Facts;
}

/** An API server that has the objects of several vmhosts, as this vmhost takes part in it. */
export interface ApiServer {
  readonly source: Source<Snapshot>;
  readonly facts: Facts;
  /** What people ask of Vmhosts. */
  readonly vmhosts: Pick<VmhostSpecs, 'set'>;
  /**
   * What would come of these manifests beside what the API server has, or, with `only`, in its place.
   * @throws ReasonedError where nobody knows what it has
   */
  foresee(files: readonly ManifestFile[], only: boolean): Promise<Foreseen>;
  /** Begins to write there what becomes of this vmhost's share. */
  start(parts: { readonly manifests: Manifests; readonly removals: Removals }): readonly Controller[];
}

/** Long enough for a list of many objects; a server that is away is gone on without. */
const FIRST_LIST_MS = 10_000;
const NONE: ReadonlyMap<string, KubeObject> = new Map();

export async function openApiServer(deps: ApiServerDeps, releasers: Releasers): Promise<ApiServer> {
  const { kube, vmhost, machine, config, clock, log } = deps;
  const hints = createHints();
  const changes = new Set<(change: KubeChange) => void>();
  const watch = kube.watch((change) => changes.forEach((each) => each(change)));
  releasers.add('API server', () => kube.dispose());
  const me = { ...machine, runID: randomUUID() };
  const remembered = await openRemembered({
    path: rememberedIn(config.state),
    identity: `${machine.machineID}/${vmhost}`,
    files: { readIfExists, writeAtomic: writeIn(config.state) },
    clock,
    log,
  });
  releasers.add('what the API server has', () => remembered.dispose());
  const { labels } = config.source;
  const registration = startRegistration({
    kube,
    vmhost,
    labels,
    me,
    clock,
    log,
    onChange: () => hints.tell('own'),
  });
  releasers.add('Lease', () => registration.stop());
  const hintOf = createHintOf(vmhost, watch);
  changes.add((change) => {
    const hint = hintOf(change);
    if (hint !== undefined) hints.tell(hint);
    if (watch.synced() && watch.problem() === undefined) remembered.note((kind) => watch.objects(kind));
  });
  const knowing = { watch, remembered: remembered.objects, refusal: () => registration.refusal() };
  const known = (): KnownObjects | undefined => lastKnown(knowing);
  const sharer: Sharer = { vmhost, kinds: KINDS, allow: config.source.allow };
  const source = createApiServerSource({
    ...{ ...sharer, clock, objects: createKnown(knowing) },
    subscribe: (onHint) => hints.subscribe(onHint),
  });
  await settlesWithin(clock, watch.whenSynced(), FIRST_LIST_MS);
  return {
    source,
    facts: deps.facts,
    vmhosts: {
      async set(name, spec) {
        await kube.patch({ kind: 'Vmhost', name }, { spec }).catch((error: unknown) => {
          throw reasonOf(error) === 'Forbidden' ? notOurs(name, spec, toError(error)) : error;
        });
      },
    },
    async foresee(files, only) {
      const objects = known();
      if (objects === undefined && files.length > 0)
        throw new ReasonedError('Unreachable', 'cannot plan: nobody knows what the API server has', {
          hint: 'k8slab get vmhosts says why',
        });
      return foresee({ sharer, clock, objects: objects ?? (() => NONE), files, only });
    },
    start: ({ manifests, removals }) =>
      startWriting(
        {
          ...deps,
          watch,
          changes,
          hints,
          known,
          registration,
          identity: `${vmhost}/${me.runID}`,
          manifests,
          removals,
        },
        releasers,
      ),
  };
}

/** A k8slabd may say what is to become of its own Vmhost, and of no other. */
function notOurs(name: string, spec: object, cause: Error): ReasonedError {
  const patch = `kubectl patch vmhosts.k8slab.io ${name} --type=merge -p '${JSON.stringify({ spec })}'`;
  return new ReasonedError('Forbidden', cause.message, {
    cause,
    hint: `do it on ${name}, or as an administrator of the API server: ${patch}`,
  });
}

function writeIn(dir: string): (path: string, text: string) => Promise<unknown> {
  return async (path, text) => {
    await ensureDir(dir);
    return writeAtomic(path, text, { mode: 0o600 });
  };
}
