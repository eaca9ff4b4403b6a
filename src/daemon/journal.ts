import { z } from 'zod';
import { explainError, reasonOf } from '../api/errors.ts';
import { refName, type ApiObject, type Condition, type Kind } from '../api/meta.ts';
import type { ObjectStore } from '../controllers/objects.ts';
import type { Clock, Timer } from '../engine/clock.ts';
import type { Logger } from '../engine/logger.ts';
import type { Birth } from '../engine/store.ts';

const record = z.object({
  uid: z.string(),
  creationTimestamp: z.string(),
  /** Type, status, and since when. */
  conditions: z.array(z.tuple([z.string(), z.enum(['True', 'False', 'Unknown']), z.string()])),
});
/** Beyond it numbers are no longer counted one by one: a version that a damaged file claims would never rise again. */
const MAX_VERSION = 2 ** 52;
const content = z.object({ version: z.int().min(0).max(MAX_VERSION), objects: z.record(z.string(), record) });

type ObjectRecord = z.infer<typeof record>;

export interface JournalDeps {
  readonly path: string;
  readonly files: {
    readIfExists(path: string): Promise<string | undefined>;
    writeAtomic(path: string, content: string): Promise<unknown>;
  };
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * How old objects are and since when their conditions are as they are, kept over restarts of the daemon. Nothing else
 * rests on it: whoever loses it loses the ages.
 */
export interface Journal {
  /** Above every resourceVersion of earlier runs. */
  readonly firstVersion: number;
  birth(kind: Kind, name: string): Birth | undefined;
  /** The conditions an object had at the end of the run before, without their words. */
  conditions(object: Pick<ApiObject, 'kind' | 'metadata'>): readonly Condition[];
  /**
   * Writes what is in the store from now on, some time after it changed.
   * @param mayExist whether there may be an object of that `Kind/name`, though it is not in the store
   */
  follow(store: Pick<ObjectStore, 'all' | 'subscribe' | 'version'>, mayExist: (ref: string) => boolean): void;
  /** Writes what was not written yet. */
  dispose(): Promise<void>;
}

const SAVE_MS = 30_000;
/** Versions are noted in steps of so many, so that most changes write nothing for their sake. */
const STEP = 1_000_000;

export async function openJournal(deps: JournalDeps): Promise<Journal> {
  const { clock } = deps;
  const before = await read(deps);
  // Microseconds: fewer changes are made than pass, so that a later start has later versions even without the file.
  // The file counts when the clock was set back; one step may have been begun without being noted.
  const firstVersion = Math.max(clock.now() * 1000, before.version + STEP);
  const records = new Map(Object.entries(before.objects));
  const writer = createWriter(deps, records);
  return {
    firstVersion,
    birth: (kind, name) => records.get(refName({ kind, name })),
    conditions(object) {
      const found = records.get(refName({ kind: object.kind, name: object.metadata.name }));
      return found?.uid === object.metadata.uid ? found.conditions.map(conditionOf) : [];
    },
    follow: (store, mayExist) => writer.follow(store, mayExist),
    dispose: () => writer.dispose(),
  };
}

async function read({ path, files, log }: JournalDeps): Promise<z.infer<typeof content>> {
  try {
    const text = await files.readIfExists(path);
    if (text !== undefined) return content.parse(JSON.parse(text));
  } catch (error) {
    log.warn({ path, why: explainError(error) }, 'cannot read the ages of objects; they start anew');
  }
  return { version: 0, objects: {} };
}

function createWriter(
  { path, files, clock, log }: JournalDeps,
  records: Map<string, ObjectRecord>,
): Pick<Journal, 'follow' | 'dispose'> {
  let timer: Timer | undefined;
  let written = '';
  let failed = false;
  let stop: (() => void) | undefined;
  let collect = (): number => 0;
  let saving = Promise.resolve();

  /** One after the other, so that the last one stays. */
  function save(): Promise<void> {
    timer?.cancel();
    timer = undefined;
    saving = saving.then(write);
    return saving;
  }

  async function write(): Promise<void> {
    const version = collect();
    const text = `${JSON.stringify({ version, objects: Object.fromEntries(records) })}\n`;
    if (text === written) return;
    try {
      await files.writeAtomic(path, text);
      written = text;
      failed = false;
    } catch (error) {
      if (!failed)
        log.warn(
          { path, reason: reasonOf(error), why: explainError(error) },
          'cannot keep the ages of objects',
        );
      failed = true;
    }
  }

  return {
    follow(store, mayExist) {
      collect = () => {
        const objects = store.all();
        const known = new Map(records);
        for (const ref of known.keys()) if (!mayExist(ref)) records.delete(ref);
        for (const object of objects) {
          const ref = refName({ kind: object.kind, name: object.metadata.name });
          records.set(ref, recordOf(object, known.get(ref)));
        }
        return (Math.floor(Number(store.version()) / STEP) + 1) * STEP;
      };
      stop = store.subscribe(({ type, object }) => {
        if (type === 'DELETED') records.delete(refName({ kind: object.kind, name: object.metadata.name }));
        timer ??= clock.setTimer(SAVE_MS, () => void save());
      });
    },
    async dispose() {
      if (stop === undefined) return;
      stop();
      await save();
    },
  };
}

/** An object that was not looked at yet is as it was. */
function recordOf(
  object: Pick<ApiObject, 'metadata' | 'status'>,
  before: ObjectRecord | undefined,
): ObjectRecord {
  const { uid, creationTimestamp } = object.metadata;
  const conditions = object.status.conditions.map((each): [string, Condition['status'], string] => [
    each.type,
    each.status,
    each.lastTransitionTime,
  ]);
  const kept = before?.uid === uid ? before.conditions : [];
  return { uid, creationTimestamp, conditions: conditions.length === 0 ? kept : conditions };
}

function conditionOf([type, status, lastTransitionTime]: ObjectRecord['conditions'][number]): Condition {
  return { type, status, reason: 'Remembered', message: '', lastTransitionTime };
}
