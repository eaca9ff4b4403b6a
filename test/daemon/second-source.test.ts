import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { condition } from '../../src/api/conditions.ts';
import { ReasonedError } from '../../src/api/errors.ts';
import { imageSpec } from '../../src/api/image/spec.ts';
import { emptySnapshot, type Snapshot } from '../../src/api/manifest/snapshot.ts';
import { refName, type ConditionInput, type KindMap, type ObjectRef } from '../../src/api/meta.ts';
import type { ObjectStore } from '../../src/controllers/objects.ts';
import { createPass } from '../../src/controllers/pass.ts';
import type { Reconciler } from '../../src/controllers/reconciler.ts';
import { createManifests, type Manifests } from '../../src/daemon/manifests.ts';
import { createEvents } from '../../src/engine/events.ts';
import { createMetrics, type Metrics } from '../../src/engine/metrics.ts';
import { createMemory } from '../../src/engine/memory.ts';
import type { RemovalRule, Source } from '../../src/engine/source.ts';
import type { StatusSink } from '../../src/engine/status-sink.ts';
import { createStore } from '../../src/engine/store.ts';
import { createFakeClock } from '../engine/fake-clock.ts';
import { sample } from '../engine/sample.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';

/** An API server in memory: source of objects and sink of their status, with its own idea of a removal. */
interface Server {
  readonly source: Source<Snapshot>;
  readonly removal: (store: ObjectStore) => RemovalRule;
  readonly sink: StatusSink<KindMap>;
  apply(name: string): void;
  /** As `kubectl delete`: the object stays until its finalizer is done. */
  delete(name: string): void;
  reachable: boolean;
  names(): string[];
  readonly statuses: Map<string, readonly ConditionInput[]>;
}

function createServer(): Server {
  const objects = new Map<string, { deleted: boolean }>();
  const statuses: Server['statuses'] = new Map();
  const hints = new Set<() => void>();
  function changed(): void {
    for (const hint of hints) hint();
  }
  const server: Server = {
    reachable: true,
    statuses,
    names: () => [...objects.keys()],
    apply(name) {
      objects.set(name, { deleted: false });
      changed();
    },
    delete(name) {
      objects.set(name, { deleted: true });
      changed();
    },
    source: {
      list() {
        if (!server.reachable)
          return Promise.reject(
            new ReasonedError('ServerUnreachable', 'cannot list images: no route to host'),
          );
        const named = [...objects.keys()].map((name) => ({
          ...{ kind: 'Image' as const, name, spec: imageSpec.parse({ source: '/i' }), hash: '1' },
          source: { file: 'https://server', line: 1, column: 1 },
        }));
        return Promise.resolve({ ...emptySnapshot, objects: named as never });
      },
      watch(onHint) {
        hints.add(onHint);
        return { dispose: () => Promise.resolve(void hints.delete(onHint)) };
      },
    },
    removal: (store) => ({
      settle() {
        for (const [name, { deleted }] of objects) if (deleted) store.terminate('Image', name);
      },
    }),
    sink: {
      write(object, { conditions }) {
        statuses.set(object.metadata.name, conditions);
        return Promise.resolve();
      },
      finalize({ metadata }) {
        objects.delete(metadata.name);
        return Promise.resolve();
      },
    },
  };
  return server;
}

interface Bed {
  readonly server: Server;
  readonly store: ObjectStore;
  readonly metrics: Metrics;
  readonly manifests: Manifests;
  readonly pass: (ref: ObjectRef) => Promise<unknown>;
}

/** The daemon's own parts, with the server in place of the directory and of the store's status. */
function createBed(): Bed {
  const [server, clock, log] = [createServer(), createFakeClock(), createRecordingLogger()];
  const store: ObjectStore = createStore<KindMap>({ clock });
  const metrics = createMetrics({ version: 'test' });
  const manifests = createManifests({
    ...{ source: server.source, store, clock, log, removals: server.removal(store) },
    metrics,
    onLoaded: () => undefined,
    onProblem: () => undefined,
  });
  server.source.watch(() => void manifests.load());
  const conditions = [condition('Ready', 'True', 'Stored')];
  const reconciler: Reconciler<'Image', never, undefined> = {
    kind: 'Image',
    look: ({ metadata }) =>
      Promise.resolve({
        plan: { actions: [], ...(metadata.deletionTimestamp === undefined ? {} : { gone: true as const }) },
        ...{ conditions, fields: {}, extra: undefined },
      }),
    execute: () => assert.fail('nothing is planned'),
  };
  const deps = { store, sink: server.sink, recorder: createEvents({ clock }), memory: createMemory() };
  const pass = createPass(reconciler, { ...deps, clock, resyncMs: () => 1000, condemned: () => undefined });
  const { signal } = new AbortController();
  const context = { signal, log, uninterruptible: <T>(section: () => Promise<T>) => section() };
  return { server, store, metrics, manifests, pass: ({ name }) => pass(name, context) };
}

describe('a source and a sink beside the directory and the store', () => {
  it('objects come from the one, and what became of them goes to the other', async () => {
    const { server, store, manifests, pass } = createBed();

    server.apply('debian');
    await manifests.load();
    for (const { metadata } of store.list('Image')) await pass({ kind: 'Image', name: metadata.name });

    assert.deepEqual([...server.statuses.keys()], ['debian']);
    assert.deepEqual(store.get('Image', 'debian')?.status.conditions, [], 'it is written in one place');
  });

  it('a removal is what the source says it is, and ends with the finalizer', async () => {
    const { server, store, manifests, pass } = createBed();
    server.apply('debian');
    await manifests.load();

    server.delete('debian');
    await manifests.load();
    assert.ok(store.get('Image', 'debian')?.metadata.deletionTimestamp);
    assert.deepEqual(server.names(), ['debian']);
    await pass({ kind: 'Image', name: 'debian' });

    assert.deepEqual(server.names(), []);
  });

  it('a source that cannot be reached changes nothing, and is the problem that is told', async () => {
    const { server, store, metrics, manifests } = createBed();
    server.apply('debian');
    await manifests.load();
    const available = [await sample(metrics, 'k8slab_source_available')];

    server.reachable = false;
    await manifests.load();
    available.push(await sample(metrics, 'k8slab_source_available'));

    assert.deepEqual(available, [1, 0]);

    assert.deepEqual(store.list('Image').map(refOf), ['Image/debian']);
    assert.equal(manifests.problem(), 'cannot list images: no route to host');
  });
});

function refOf({ kind, metadata }: { kind: 'Image'; metadata: { name: string } }): string {
  return refName({ kind, name: metadata.name });
}
