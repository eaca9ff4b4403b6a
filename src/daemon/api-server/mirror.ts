import { z } from 'zod';
import { vmhostSpec } from '../../api/vmhost/spec.ts';
import {
  isElsewhere,
  parseRef,
  refName,
  type Condition,
  type Kind,
  type ObjectRef,
  type ObjectStatus,
} from '../../api/meta.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import type { KubeObject } from '../../drivers/kube.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Steps } from '../../api/manifest/steps.ts';
import { runInSlices } from '../../engine/slices.ts';
import type { KnownObjects } from './known.ts';
import { createPace } from './pace.ts';

export interface MirrorDeps {
  readonly store: ObjectStore;
  readonly vmhost: string;
  /** What the server has, or had when it was last heard of; undefined: nobody knows. */
  readonly known: () => KnownObjects | undefined;
  readonly clock: Clock;
}

/** What the store says of objects that others have, as the API server says it. */
export interface Mirror {
  /** The server may say something else of it now. */
  sync(ref: ObjectRef): void;
  /** The same, once for all that is said of it within some seconds. */
  syncLater(ref: ObjectRef): void;
  dispose(): void;
}

/** The files of this vmhost that name all Nodes follow what is said here: each time all of them. */
const LATER = { settleMs: 2000, rest: 9, mostMs: 10_000 };

export function createMirror({ store, vmhost, known, clock }: MirrorDeps): Mirror {
  const waiting = new Set<string>();
  const pace = createPace(clock, { ...LATER, run: () => void pace.during(syncWaiting) });

  async function syncWaiting(): Promise<void> {
    await runInSlices(waitingSteps(), clock);
  }

  function* waitingSteps(): Steps<void> {
    for (const name of [...waiting]) {
      waiting.delete(name);
      sync(parseRef(name));
      yield;
    }
  }

  function syncVmhost(name: string, object: KubeObject | undefined): void {
    const isOwn = name === vmhost;
    if (object === undefined) {
      if (!isOwn) store.remove('Vmhost', name);
      return;
    }
    const { labels, annotations } = object.metadata;
    const spec = vmhostSpec.safeParse(object.spec).data ?? {};
    const origin = isOwn ? undefined : { elsewhere: { vmhost: name } };
    store.apply('Vmhost', { name, labels, annotations, spec, hash: JSON.stringify(spec), origin });
    if (!isOwn) copyStatus({ kind: 'Vmhost', name }, object);
  }

  function copyStatus<K extends Kind>({ kind, name }: ObjectRef<K>, object: KubeObject): void {
    const local = store.get(kind, name);
    if (local === undefined || !isElsewhere(local)) return;
    store.updateStatus(kind, name, local.metadata.uid, statusOf(object.status));
  }

  const unsubscribe = store.subscribe(({ type, object: { kind, metadata } }) => {
    if (type !== 'ADDED' || kind === 'Vmhost') return;
    sync({ kind, name: metadata.name });
  });

  function sync(ref: ObjectRef): void {
    const objects = known();
    if (objects === undefined) return;
    const object = objects(ref.kind).get(ref.name);
    if (ref.kind === 'Vmhost') syncVmhost(ref.name, object);
    else if (object !== undefined) copyStatus(ref, object);
  }

  return {
    sync,
    syncLater(ref) {
      waiting.add(refName(ref));
      pace.ask();
    },
    dispose() {
      unsubscribe();
      pace.dispose();
    },
  };
}

const condition: z.ZodType<Condition> = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string().default(''),
  lastTransitionTime: z.string(),
  observedGeneration: z.int().optional(),
}) as never;

/** They are written into known_hosts and authorized_keys: one line. */
const sshKey = z.string().regex(/^(ssh|ecdsa|sk)-[^ \n]+ [A-Za-z0-9+/]+=*$/);

/** Whatever others wrote there: what is no condition or no key counts as none. */
function statusOf(status: unknown): ObjectStatus {
  const record = z.record(z.string(), z.unknown()).safeParse(status).data ?? {};
  const { conditions, sshHostKey, sshPublicKey, ...others } = record;
  const listed = z.array(z.unknown()).safeParse(conditions).data ?? [];
  return {
    ...others,
    conditions: listed.flatMap((each) => condition.safeParse(each).data ?? []),
    ...keyed('sshHostKey', sshHostKey),
    ...keyed('sshPublicKey', sshPublicKey),
  };
}

function keyed(field: string, key: unknown): object {
  const read = sshKey.safeParse(key).data;
  return read === undefined ? {} : { [field]: read };
}
