import { hash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { explainError } from '../../api/errors.ts';
import { KINDS } from '../../api/kinds/list.ts';
import type { Kind } from '../../api/meta.ts';
import type { KubeObject } from '../../drivers/kube.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Logger } from '../../engine/logger.ts';
import type { KnownObjects } from './known.ts';
import { createPace } from './pace.ts';

const object = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    uid: z.string(),
    resourceVersion: z.string(),
    creationTimestamp: z.string(),
  }),
  spec: z.unknown().optional(),
  status: z.unknown().optional(),
});
const content = z.object({ identity: z.string(), objects: z.array(object) });

export interface RememberedDeps {
  readonly path: string;
  /** Of this vmhost and machine: what another one knew is nothing to go by. */
  readonly identity: string;
  readonly files: {
    readIfExists(path: string): Promise<string | undefined>;
    writeAtomic(path: string, content: string): Promise<unknown>;
  };
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the API server had, for a daemon that starts while the server is away. */
export interface Remembered {
  /** Undefined: nothing was known. */
  readonly objects: KnownObjects | undefined;
  /** Some time after it was called, what is known by then is written. */
  note(known: KnownObjects): void;
  dispose(): Promise<void>;
}

/** While much changes it is written at a fiftieth of the time: all of it each time, and it is only needed by who starts meanwhile. */
const SAVE = { settleMs: 5000, rest: 49, mostMs: 60_000 };
const NONE: ReadonlyMap<string, KubeObject> = new Map();

/** @param state the daemon's directory of state */
export function rememberedIn(state: string): string {
  return join(state, 'api-server.json');
}

export async function openRemembered(deps: RememberedDeps): Promise<Remembered> {
  const { path, identity, files, clock, log } = deps;
  const before = await read(deps);
  const pace = createPace(clock, { ...SAVE, run: () => void save() });
  let written = '';
  let latest: KnownObjects | undefined;

  async function save(): Promise<void> {
    await pace.during(write);
  }

  async function write(): Promise<void> {
    if (latest === undefined) return;
    const known = latest;
    const objects = KINDS.all.flatMap(({ kind }) => [...known(kind).values()].map(kept));
    const text = JSON.stringify({ identity, objects });
    const digest = hash('sha256', text);
    if (digest === written) return;
    try {
      await files.writeAtomic(path, text);
      written = digest;
    } catch (error) {
      log.warn({ path, why: explainError(error) }, 'cannot remember what the API server has');
    }
  }

  return {
    objects: before,
    note(known) {
      latest = known;
      pace.ask();
    },
    async dispose() {
      await save();
      pace.dispose();
    },
  };
}

/** Of what changes all the time nothing is kept. */
function kept({ apiVersion, kind, metadata, spec, status }: KubeObject): KubeObject {
  const { resourceVersion: _, ...rest } = metadata;
  const { conditions: __, ...fields } = (status ?? {}) as Record<string, unknown>;
  return { apiVersion, kind, metadata: { ...rest, resourceVersion: '' }, spec, status: fields };
}

async function read({ path, identity, files, log }: RememberedDeps): Promise<KnownObjects | undefined> {
  try {
    const text = await files.readIfExists(path);
    if (text === undefined) return undefined;
    const found = content.parse(JSON.parse(text));
    if (found.identity !== identity) return undefined;
    const byKind = new Map<string, ReadonlyMap<string, KubeObject>>(
      [...Map.groupBy(found.objects as readonly KubeObject[], ({ kind }) => kind)].map(([kind, objects]) => [
        kind,
        new Map(objects.map((each) => [each.metadata.name, each])),
      ]),
    );
    return (kind: Kind) => byKind.get(kind) ?? NONE;
  } catch (error) {
    log.warn({ path, why: explainError(error) }, 'cannot read what the API server had; it is asked anew');
    return undefined;
  }
}
