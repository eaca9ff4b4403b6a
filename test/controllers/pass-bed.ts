import assert from 'node:assert/strict';
import { condition, findCondition } from '../../src/api/conditions.ts';
import { imageSpec } from '../../src/api/image/spec.ts';
import type { ConditionInput, KindMap, ObjectOf } from '../../src/api/meta.ts';
import type { ImageAction } from '../../src/api/image/actions.ts';
import type { ObjectStore } from '../../src/controllers/objects.ts';
import { createPass } from '../../src/controllers/pass.ts';
import type { Look, Reconciler } from '../../src/controllers/reconciler.ts';
import type { Result } from '../../src/engine/controller.ts';
import { createEvents, type EventRecorder } from '../../src/engine/events.ts';
import { createMemory } from '../../src/engine/memory.ts';
import { createStoreSink } from '../../src/engine/status-sink.ts';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock, type FakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';
export type ImageLook = Look<'Image', ImageAction, undefined>;

export const READY = [condition('Ready', 'True', 'Stored'), condition('Synced', 'True', 'Reconciled')];
export const RESYNC_MS = 60_000;

export function action(reason: string): ImageAction {
  return { type: 'FetchImage', disruption: 'none', reason, fetch: { source: '/i' } };
}

export function look(actions: readonly ImageAction[], more: Partial<ImageLook> = {}): ImageLook {
  return { plan: { actions }, conditions: READY, fields: { path: '/stored' }, extra: undefined, ...more };
}

export interface Bed {
  readonly store: ObjectStore;
  readonly events: EventRecorder;
  readonly clock: FakeClock;
  /** What happened, in order. */
  readonly steps: string[];
  readonly abort: AbortController;
  condemned: ConditionInput | undefined;
  run(name?: string): Promise<Result>;
  image(): ObjectOf<'Image'>;
}

/** A pass over the Image "debian"; `looks` are what its looks find, one after the other, the last one for ever. */
export function createBed(
  looks: readonly (ImageLook | Error)[],
  reconciler: Partial<Reconciler<'Image', ImageAction, undefined>> = {},
): Bed {
  const clock = createFakeClock();
  const store: ObjectStore = createStore<KindMap>({ clock });
  const events = createEvents({ clock });
  const steps: string[] = [];
  const abort = new AbortController();
  store.apply('Image', { name: 'debian', spec: imageSpec.parse({ source: '/i' }), hash: '1' });
  store.subscribe(({ type }) => steps.push(`status ${type}`));
  const remaining = [...looks];
  const pass = createPass<'Image', ImageAction, undefined>(
    {
      kind: 'Image',
      look() {
        steps.push('look');
        const next = remaining.length > 1 ? remaining.shift() : remaining[0];
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next ?? look([]));
      },
      execute({ reason }) {
        steps.push(`execute ${reason}`);
        return Promise.resolve();
      },
      ...reconciler,
    },
    {
      store,
      sink: createStoreSink({ store, clock }),
      recorder: events,
      memory: createMemory(),
      clock,
      condemned: () => bed.condemned,
      resyncMs: () => RESYNC_MS,
    },
  );
  const bed: Bed = {
    store,
    events,
    clock,
    steps,
    abort,
    condemned: undefined,
    run(name = 'debian') {
      const { signal } = abort;
      async function uninterruptible<T>(section: () => Promise<T>): Promise<T> {
        steps.push('held');
        return section().finally(() => steps.push('released'));
      }
      return pass(name, { signal, log: createRecordingLogger(), uninterruptible });
    },
    image() {
      const image = store.get('Image', 'debian');
      assert.ok(image);
      return image;
    },
  };
  return bed;
}

export function brief({ status }: ObjectOf<'Image'>, type: string): string {
  const found = findCondition(status.conditions, type);
  return `${found?.status} ${found?.reason}: ${found?.message}`;
}
