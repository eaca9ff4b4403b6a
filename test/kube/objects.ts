import { randomUUID } from 'node:crypto';
import { ReasonedError } from '../../src/api/errors.ts';
import { API_VERSION, type Kind, type ObjectRef } from '../../src/api/meta.ts';
import type { ApplyOptions, KubeDraft, KubeMeta, KubeObject } from '../../src/drivers/kube.ts';
import { createApplied, type Applied } from './applied.ts';
import { isEmpty, isMap, mergePatch } from './fields.ts';

export interface ObjectChange {
  readonly type: 'Added' | 'Modified' | 'Deleted';
  readonly kind: Kind;
  readonly object: KubeObject;
}

/** The objects of our kinds, cluster-scoped, with the rules of an API server. */
export interface Objects {
  get(ref: ObjectRef): KubeObject | undefined;
  list(kind: Kind): readonly KubeObject[];
  create(draft: KubeDraft): KubeObject;
  /** As `kubectl apply` of a whole manifest: creates it or replaces labels, annotations and spec. */
  put(draft: KubeDraft): KubeObject;
  patch(ref: ObjectRef, patch: object): KubeObject;
  remove(ref: ObjectRef): void;
  applyStatus(ref: ObjectRef, status: object, options: ApplyOptions): KubeObject;
  setFinalizer(ref: ObjectRef, finalizer: string, present: boolean): void;
  /** Called after each change, in order. */
  onChange(listener: (change: ObjectChange) => void): void;
  /** The next resourceVersion: all objects share one count, as in etcd. */
  revision(): string;
}

interface Kept {
  object: KubeObject;
  readonly applied: Applied;
}

export function createObjects(now: () => number): Objects {
  const kept = new Map<string, Kept>();
  const listeners: ((change: ObjectChange) => void)[] = [];
  let count = 0;

  function revision(): string {
    count += 1;
    return String(count);
  }

  function tell(type: ObjectChange['type'], object: KubeObject): void {
    for (const listener of listeners) listener({ type, kind: object.kind as Kind, object });
  }

  function find(verb: string, ref: ObjectRef): Kept {
    const found = kept.get(keyOf(ref));
    if (found === undefined) throw refused('NotFound', verb, ref, 'it is not there');
    return found;
  }

  /** One that differs in nothing keeps its version, and nobody is told. */
  function update(ref: ObjectRef, had: Kept, next: KubeObject): KubeObject {
    return JSON.stringify(next) === JSON.stringify(had.object) ? had.object : replace(ref, had, next);
  }

  function replace(ref: ObjectRef, had: Kept, next: KubeObject): KubeObject {
    const { deletionTimestamp, finalizers = [] } = next.metadata;
    const isGone = deletionTimestamp !== undefined && finalizers.length === 0;
    if (isGone) kept.delete(keyOf(ref));
    // What goes is told as it was before.
    const last = isGone ? had.object : next;
    had.object = Object.freeze({ ...last, metadata: { ...last.metadata, resourceVersion: revision() } });
    tell(isGone ? 'Deleted' : 'Modified', had.object);
    return had.object;
  }

  function create({ kind, metadata, spec }: KubeDraft): KubeObject {
    const ref = { kind, name: metadata.name };
    if (kept.has(keyOf(ref))) throw refused('AlreadyExists', 'create', ref, 'it is there already');
    const made: Pick<KubeMeta, 'uid' | 'resourceVersion' | 'generation' | 'creationTimestamp'> = {
      uid: randomUUID(),
      resourceVersion: revision(),
      generation: 1,
      creationTimestamp: time(now()),
    };
    const object: KubeObject = Object.freeze({
      apiVersion: API_VERSION,
      kind,
      metadata: { ...structuredClone(metadata), ...made },
      ...(spec === undefined ? {} : { spec: structuredClone(spec) }),
    });
    kept.set(keyOf(ref), { object, applied: createApplied() });
    tell('Added', object);
    return object;
  }

  function patch(ref: ObjectRef, wanted: object): KubeObject {
    const had = find('patch', ref);
    const patched = mergePatch(had.object, structuredClone(wanted)) as KubeObject;
    const { resourceVersion, generation = 1 } = had.object.metadata;
    if (patched.metadata.resourceVersion !== resourceVersion)
      throw refused('Conflict', 'patch', ref, 'it was changed meanwhile');
    const rises = JSON.stringify(patched.spec) !== JSON.stringify(had.object.spec);
    const metadata = { ...filled(patched.metadata), ...fixed(had.object.metadata) };
    const { status: _, ...rest } = patched;
    const next = { ...rest, ...statusOf(had.object), metadata };
    return update(
      ref,
      had,
      rises ? { ...next, metadata: { ...metadata, generation: generation + 1 } } : next,
    );
  }

  return {
    get: (ref) => kept.get(keyOf(ref))?.object,
    list: (kind) => [...kept.values()].map(({ object }) => object).filter((each) => each.kind === kind),
    create,
    put(draft) {
      const ref = { kind: draft.kind, name: draft.metadata.name };
      if (!kept.has(keyOf(ref))) return create(draft);
      const had = find('apply', ref).object;
      const { labels, annotations } = draft.metadata;
      const metadata = {
        labels: replacing(had.metadata.labels, labels),
        annotations: replacing(had.metadata.annotations, annotations),
      };
      return patch(ref, { metadata, spec: replacing(had.spec, draft.spec) });
    },
    patch,
    remove(ref) {
      const had = kept.get(keyOf(ref));
      if (had === undefined || had.object.metadata.deletionTimestamp !== undefined) return;
      const { generation = 1 } = had.object.metadata;
      const metadata = { ...had.object.metadata, generation: generation + 1, deletionTimestamp: time(now()) };
      replace(ref, had, { ...had.object, metadata });
    },
    applyStatus(ref, status, { manager, resourceVersion }) {
      const had = find('apply the status of', ref);
      if (resourceVersion !== undefined && resourceVersion !== had.object.metadata.resourceVersion)
        throw refused('Conflict', 'apply the status of', ref, 'it was changed meanwhile');
      if (!had.applied.apply(manager, structuredClone(status))) return had.object;
      const { status: _, ...rest } = had.object;
      const value = had.applied.value();
      return replace(ref, had, value === undefined ? rest : { ...rest, status: value });
    },
    setFinalizer(ref, finalizer, present) {
      const had = present ? find('hold', ref) : kept.get(keyOf(ref));
      if (had === undefined) return;
      const { metadata } = had.object;
      const others = (metadata.finalizers ?? []).filter((each) => each !== finalizer);
      const isThere = others.length !== (metadata.finalizers ?? []).length;
      if (isThere === present) return;
      if (present && metadata.deletionTimestamp !== undefined)
        throw refused('Invalid', 'hold', ref, 'no finalizer can be added to an object that is being deleted');
      const { finalizers: _, ...without } = metadata;
      const finalizers = present ? [...others, finalizer] : others;
      update(ref, had, {
        ...had.object,
        metadata: finalizers.length === 0 ? without : { ...without, finalizers },
      });
    },
    onChange: (listener) => void listeners.push(listener),
    revision,
  };
}

/** Labels or annotations that are none are left out. */
function filled(meta: KubeMeta): KubeMeta {
  return Object.fromEntries(Object.entries(meta).filter(([, value]) => !isEmpty(value))) as never;
}

/** What no patch changes. */
function fixed(meta: KubeMeta): Partial<KubeMeta> {
  const { name, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = meta;
  return {
    name,
    uid,
    resourceVersion,
    creationTimestamp,
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  };
}

function statusOf({ status }: KubeObject): Pick<KubeObject, 'status'> {
  return status === undefined ? {} : { status };
}

/** A merge patch that makes `wanted` out of `had`. */
function replacing(had: unknown, wanted: unknown): unknown {
  if (!isMap(had) || !isMap(wanted)) return wanted ?? null;
  const gone = Object.keys(had).filter((key) => !(key in wanted));
  const kept = Object.entries(wanted).map(([key, value]) => [key, replacing(had[key], value)] as const);
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...kept]);
}

function keyOf({ kind, name }: ObjectRef): string {
  return `${kind}/${name}`;
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

function refused(reason: string, verb: string, { kind, name }: ObjectRef, why: string): ReasonedError {
  return new ReasonedError(reason, `cannot ${verb} ${kind} "${name}": ${why}`);
}
