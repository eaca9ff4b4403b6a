// What the index of this library loads besides is ten times as much.
import { ListWatch } from '@kubernetes/client-node/dist/cache.js';
import type { KubernetesListObject, KubernetesObject, Watch } from '@kubernetes/client-node';
import { z } from 'zod';
import { ReasonedError, toError } from '../../api/errors.ts';
import { API_GROUP, API_VERSION, type Kind } from '../../api/meta.ts';
import type { KubeChange, KubeObject } from '../kube.ts';
import { KubeError } from './errors.ts';
import type { Transport } from './transport.ts';
import { createWatcher, slim } from './watcher.ts';

export interface KubeKind {
  readonly kind: Kind;
  readonly plural: string;
}

export interface InformerOptions extends KubeKind {
  readonly transport: Pick<Transport, 'request' | 'stream'>;
  readonly onChange: (change: KubeChange) => void;
  readonly random: () => number;
  /** Until a page of a list must have been answered, in full. */
  readonly listMs?: number | undefined;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Keeps what an API server has of one kind: lists once, then watches; lists again only when the API server has forgotten where it was. */
export interface Informer {
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Whether there was a list. */
  listed(): boolean;
  problem(): ReasonedError | undefined;
  start(): void;
  stop(): void;
}

const List = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string(), uid: z.string() }) })),
});

type List = z.infer<typeof List>;

/** Each page has a deadline of its own: a slow connection gets through a list of any length. */
const PAGE = '500';
const LIST_MS = 30_000;
const BASE_MS = 1000;
const MOST_MS = 10_000;

export function createInformer(options: InformerOptions): Informer {
  const { kind, plural, transport, onChange, random, sleep, listMs = LIST_MS } = options;
  const path = `/apis/${API_VERSION}/${plural}`;
  const ended = new AbortController();
  const objects = new Map<string, KubeObject>();
  let isListed = false;
  let failures = 0;
  let problem: ReasonedError | undefined;

  const watcher = createWatcher({
    transport,
    kind,
    plural,
    random,
    onProgress: () => (failures = 0),
    onOpen: () => setProblem(undefined),
  });
  const informer = new ListWatch<KubeObject & KubernetesObject>(
    path,
    // It is called for its `watch` alone.
    watcher as Watch,
    list,
    false,
    undefined,
    undefined,
    // The library's own steps of this sleep have no jitter.
    { delayFn: (ms) => sleep(spread(ms), ended.signal).catch(nothing) },
  );
  informer.on('add', take);
  informer.on('update', take);
  informer.on('delete', drop);
  informer.on('error', (error: unknown) => void failed(error));

  async function list(): Promise<KubernetesListObject<KubeObject & KubernetesObject>> {
    const items: List['items'] = [];
    let page = await listPage(undefined);
    for (;;) {
      items.push(...page.items.map(slim));
      if (!page.metadata.continue) break;
      page = await listPage(page.metadata.continue);
    }
    // The informer takes it in before anything else runs.
    setImmediate(() => {
      if (ended.signal.aborted) return;
      isListed = true;
      onChange({ type: 'Listed', kind });
    });
    return { metadata: page.metadata, items } as unknown as KubernetesListObject<
      KubeObject & KubernetesObject
    >;
  }

  /** All pages are of one version: an API server that no longer has it refuses, and the list begins anew. */
  async function listPage(from: string | undefined): Promise<List> {
    const what = `list ${plural}.${API_GROUP}`;
    const answer = await transport.request({
      ...{ verb: 'list', kind, what, path, query: { limit: PAGE, continue: from } },
      ...{ deadlineMs: listMs, signal: ended.signal },
    });
    const { data, error } = List.safeParse(answer);
    if (data !== undefined) return data;
    throw new KubeError('ServerError', `cannot ${what}: the answer is no list`, { cause: error });
  }

  function take(object: KubeObject): void {
    const { name, uid } = object.metadata;
    const had = objects.get(name);
    const isAnother = had !== undefined && had.metadata.uid !== uid;
    // It went and came while nobody looked.
    if (isAnother) drop(had);
    objects.set(name, object);
    onChange({ type: had === undefined || isAnother ? 'Added' : 'Modified', kind, object });
  }

  function drop(object: KubeObject): void {
    if (objects.delete(object.metadata.name)) onChange({ type: 'Deleted', kind, object });
  }

  function setProblem(next: ReasonedError | undefined): void {
    if (next?.message === problem?.message) return;
    problem = next;
    onChange({ type: 'Problem' });
  }

  async function failed(thrown: unknown): Promise<void> {
    if (ended.signal.aborted) return;
    const error = thrown instanceof ReasonedError ? thrown : unexpected(thrown);
    const delay = spread(Math.min(MOST_MS, BASE_MS * 2 ** failures));
    failures += 1;
    setProblem(error);
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    // Who asks all to come back in a second would have them all at once.
    await sleep(Math.max(delay, asked * (1 + random() / 2)), ended.signal).then(restart, nothing);
  }

  function unexpected(thrown: unknown): KubeError {
    return new KubeError('ServerError', `cannot watch ${plural}: ${toError(thrown).message}`, {
      cause: thrown,
    });
  }

  function restart(): void {
    if (!ended.signal.aborted) informer.start().catch((error: unknown) => void failed(error));
  }

  function spread(ms: number): number {
    return ms * (0.5 + random());
  }

  return {
    objects,
    listed: () => isListed,
    problem: () => problem,
    start: restart,
    stop() {
      ended.abort();
      void informer.stop();
    },
  };
}

function nothing(): void {
  // what is waited for in vain has an end, too
}
