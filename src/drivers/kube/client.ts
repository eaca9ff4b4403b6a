import { setTimeout as sleepMs } from 'node:timers/promises';
import { z } from 'zod';
import { API_VERSION, type ObjectRef } from '../../api/meta.ts';
import type { Kube, KubeObject, KubeWatch } from '../kube.ts';
import { KubeError } from './errors.ts';
import { writeEvent } from './events.ts';
import type { InformerOptions, KubeKind } from './informer.ts';
import { createLeases } from './leases.ts';
import { createTransport, type KubeRequest, type TransportOptions } from './transport.ts';
import { slim } from './watcher.ts';
import { openWatch } from './watches.ts';

export type { KubeRequestSeen, KubeVerb } from './transport.ts';

export interface KubeOptions extends TransportOptions {
  readonly kinds: readonly KubeKind[];
  /** Who writes Events: the vmhost's name. */
  readonly reporter: string;
  readonly random?: () => number;
  readonly sleep?: InformerOptions['sleep'];
  readonly listMs?: InformerOptions['listMs'];
}

const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';
/** Others change an object at the same time, but not without end. */
const TRIES = 5;

const Answer = z.looseObject({ metadata: z.looseObject({ name: z.string(), resourceVersion: z.string() }) });

/** A client of a real API server; nothing is read or asked before its first call. */
export function createKube(options: KubeOptions): Kube {
  const { kinds, reporter, random = Math.random } = options;
  const { sleep = systemSleep, listMs } = options;
  const transport = createTransport(options);
  const watches = new Set<KubeWatch>();
  const plurals = new Map(kinds.map(({ kind, plural }) => [kind, plural]));

  function path({ kind, name }: ObjectRef, subresource = ''): string {
    return `${collection(kind)}/${encodeURIComponent(name)}${subresource}`;
  }

  function collection(kind: ObjectRef['kind']): string {
    return `/apis/${API_VERSION}/${plurals.get(kind) ?? kind}`;
  }

  async function ask(request: KubeRequest): Promise<KubeObject> {
    const { data, error } = Answer.safeParse(await transport.request(request));
    if (data !== undefined) return slim(data) as unknown as KubeObject;
    throw new KubeError('ServerError', `cannot ${request.what}: the answer is no object`, { cause: error });
  }

  function patch(ref: ObjectRef, what: string, body: object): Promise<KubeObject> {
    return ask({ verb: 'patch', kind: ref.kind, what, path: path(ref), body, contentType: MERGE });
  }

  async function get(ref: ObjectRef): Promise<KubeObject | undefined> {
    return ask({ verb: 'get', kind: ref.kind, what: `get ${words(ref)}`, path: path(ref) }).catch(
      ifReason('NotFound', undefined),
    );
  }

  async function setFinalizer(
    ref: ObjectRef,
    finalizer: string,
    present: boolean,
    known?: KubeObject,
  ): Promise<void> {
    const what = `${present ? 'put a finalizer on' : 'take the finalizer off'} ${words(ref)}`;
    for (let tries = 1; ; tries += 1) {
      const object = tries === 1 && known !== undefined ? known : await get(ref);
      if (object === undefined) {
        if (!present) return;
        throw new KubeError('NotFound', `cannot ${what}: it is not there`);
      }
      const { finalizers: had = [], resourceVersion } = object.metadata;
      if (had.includes(finalizer) === present) return;
      const finalizers = present ? [...had, finalizer] : had.filter((each) => each !== finalizer);
      try {
        await patch(ref, what, { metadata: { finalizers, resourceVersion } });
        return;
      } catch (error) {
        const goesOn = error instanceof KubeError && /^(Conflict|NotFound)$/.test(error.reason);
        if (!goesOn || tries === TRIES) throw error;
      }
    }
  }

  return {
    watch(listener, signal) {
      const watch = openWatch(listener, { kinds, transport, random, sleep, listMs, signal });
      watches.add(watch);
      return watch;
    },
    get,
    create({ kind, ...rest }) {
      const what = `create ${words({ kind, name: rest.metadata.name })}`;
      const body = { apiVersion: API_VERSION, kind, ...rest };
      return ask({ verb: 'create', kind, what, path: collection(kind), body });
    },
    patch: (ref, mergePatch) => patch(ref, `patch ${words(ref)}`, mergePatch),
    async remove(ref) {
      const request: KubeRequest = {
        verb: 'delete',
        kind: ref.kind,
        what: `delete ${words(ref)}`,
        path: path(ref),
      };
      await transport.request(request).catch(ifReason('NotFound', undefined));
    },
    applyStatus(ref, status, { manager, resourceVersion }) {
      const { kind, name } = ref;
      const metadata = { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      return ask({
        verb: 'apply',
        kind,
        what: `apply the status of ${words(ref)}`,
        path: path(ref, '/status'),
        query: { fieldManager: manager, force: 'true' },
        body: { apiVersion: API_VERSION, kind, metadata, status: appliedStatus(status) },
        contentType: APPLY,
      });
    },
    setFinalizer,
    lease: createLeases(transport),
    event: (about, event) => writeEvent(transport, reporter, about, event),
    async dispose() {
      for (const watch of watches) watch.dispose();
      await transport.dispose();
    },
  };
}

/** An API server makes null of a status that is left empty, and refuses that. */
export function appliedStatus(status: object): object {
  return { conditions: [], ...status };
}

function systemSleep(ms: number, signal: AbortSignal): Promise<void> {
  return sleepMs(ms, undefined, { signal });
}

function words({ kind, name }: ObjectRef): string {
  return `${kind} "${name}"`;
}

function ifReason<T>(reason: string, value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof KubeError && error.reason === reason) return value;
    throw error;
  };
}
