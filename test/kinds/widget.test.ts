import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { condition } from '../../src/api/conditions.ts';
import { defineKind, type KindDefinition } from '../../src/api/kinds/define.ts';
import { explain } from '../../src/api/kinds/explain.ts';
import { indexKinds } from '../../src/api/kinds/kinds.ts';
import { KINDS } from '../../src/api/kinds/list.ts';
import { reads } from '../../src/api/kinds/reads.ts';
import { schemaFiles } from '../../src/api/kinds/schema.ts';
import { renderTable } from '../../src/api/kinds/table.ts';
import { crossCheck } from '../../src/api/manifest/cross-check.ts';
import { parseManifest } from '../../src/api/manifest/parse.ts';
import type { ApiObject, Kind } from '../../src/api/meta.ts';
import { createPass } from '../../src/controllers/pass.ts';
import type { Reconciler } from '../../src/controllers/reconciler.ts';
import { createApi } from '../../src/daemon/http/api.ts';
import { startTriggers } from '../../src/daemon/triggers.ts';
import { createEvents } from '../../src/engine/events.ts';
import { kindFamilies } from '../../src/engine/kind-metrics.ts';
import { createMemory } from '../../src/engine/memory.ts';
import { createStoreSink } from '../../src/engine/status-sink.ts';
import { createBed } from '../controllers/bed.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';

interface Widget extends ApiObject {
  readonly spec: { readonly image: string; readonly size: number };
}

const WIDGET = 'Widget' as Kind;

/** A kind that exists here only: what a new kind says of itself, and all that there is of it. */
const widget = defineKind({
  kind: WIDGET,
  shortNames: ['kw'],
  description: 'A thing of a given size.',
  manifest: {
    spec: z
      .strictObject({
        image: z.string().meta({ description: 'Image that it shows.' }),
        size: z.int().default(1).meta({ description: 'Size.' }),
      })
      .meta({ description: 'What the object shall be.' }),
    check: ({ size }: Widget['spec']) =>
      size < 10 ? [] : [{ path: ['spec', 'size'], code: 'InvalidValue', message: 'must be below 10' }],
  },
  columns: [{ name: 'Size', cell: (object: unknown) => String((object as Widget).spec.size) }],
  reads: [
    reads<Kind, 'Image'>({
      source: 'Image',
      of: (object) => [(object as unknown as Widget).spec.image],
      shared: ({ status }) => status.path,
    }),
  ],
  metrics: [
    {
      name: 'size',
      help: 'Its size',
      labels: [],
      samples: (object: unknown) => [[[], (object as Widget).spec.size]],
    },
  ],
} as unknown as KindDefinition);

const kinds = indexKinds([...KINDS.all, widget]);

const reconciler: Reconciler<Kind, never, undefined> = {
  kind: WIDGET,
  look: () =>
    Promise.resolve({
      plan: { actions: [] },
      conditions: [condition('Ready', 'True', 'Shown')],
      fields: {},
      extra: undefined,
    }),
  execute: () => Promise.reject(new Error('nothing is planned')),
};

const MANIFEST = `apiVersion: k8slab.io/v1alpha1
kind: Widget
metadata: {name: a}
spec: {image: debian}
`;

function createScene() {
  const bed = createBed();
  const queued: string[] = [];
  startTriggers(kinds, bed.store, (kind, name) => queued.push(`${kind}/${name}`));
  bed.apply('Image', 'debian');
  const [parsed] = parseManifest('w.yaml', MANIFEST, kinds).objects;
  assert.ok(parsed);
  bed.store.apply(WIDGET, { name: parsed.name, spec: parsed.spec, hash: parsed.hash });
  return { bed, queued };
}

describe('a kind that is defined and listed, and nothing else', () => {
  it('is read from manifests with its defaults, and its mistakes are told with their places', () => {
    const good = parseManifest('w.yaml', MANIFEST, kinds);
    const bad = parseManifest('w.yaml', MANIFEST.replace('debian}', 'debian, size: 12, sise: 1}'), kinds);
    const large = parseManifest('w.yaml', MANIFEST.replace('debian}', 'debian, size: 12}'), kinds);

    assert.deepEqual(good.objects[0]?.spec, { image: 'debian', size: 1 });
    assert.deepEqual(
      [...bad.errors, ...large.errors].map(({ path, code, hint }) => [path, code, hint]),
      [
        ['spec.sise', 'UnknownField', 'did you mean "size"?'],
        ['spec.size', 'InvalidValue', undefined],
      ],
    );
    assert.equal(crossCheck([...good.objects, ...good.objects], kinds)[0]?.code, 'DuplicateObject');
  });

  it('has its words, its schema and its explanation', () => {
    assert.equal(kinds.resolve('kw')?.kind, WIDGET);
    assert.ok(schemaFiles(kinds).some(({ path }) => path.endsWith('/widget.json')));
    assert.match(explain('widget.spec.size', { kinds }), /KIND: +Widget[^]*default: 1/);
  });

  it('is looked at again when what it reads of another kind changed, and not otherwise', () => {
    const { bed, queued } = createScene();
    const { metadata, status } = bed.object('Image', 'debian');
    queued.length = 0;

    bed.store.updateStatus('Image', 'debian', metadata.uid, { ...status, sha256: 'aa' });
    assert.deepEqual(queued, []);
    bed.store.updateStatus('Image', 'debian', metadata.uid, { ...status, path: '/i' });
    assert.deepEqual(queued, ['Widget/a']);
  });

  it('is passed over, listed, printed, served and measured', async () => {
    const { bed } = createScene();
    const { store, clock } = bed;
    const events = createEvents({ clock });
    const pass = createPass(reconciler, {
      store,
      sink: createStoreSink({ store, clock }),
      recorder: events,
      memory: createMemory(),
      clock,
      condemned: () => undefined,
      resyncMs: () => 1,
    });
    const { signal } = new AbortController();
    await pass('a', { signal, log: createRecordingLogger(), uninterruptible: (run) => run() });

    const table = renderTable(widget, store.list(WIDGET), clock.now());
    assert.deepEqual(table.columnDefinitions.map(({ name }) => name).slice(0, 4), [
      'Name',
      'Size',
      'Ready',
      'Status',
    ]);
    assert.deepEqual(table.rows[0]?.cells.slice(0, 4), ['a', '1', 'True', 'Shown']);

    const api = createApi({ kinds, store, events, clock } as unknown as Parameters<typeof createApi>[0]);
    const served = (await (await api.request('/apis/k8slab.io/v1alpha1/widgets/a')).json()) as ApiObject;
    assert.deepEqual([served.kind, served.spec], ['Widget', { image: 'debian', size: 1 }]);

    const families = kindFamilies(kinds, () => store.all());
    const texts = await Promise.all(families.map(async (family) => family.text()));
    assert.match(texts.join('\n'), /^k8slab_widget_size\{name="a"\} 1$/m);
  });
});
