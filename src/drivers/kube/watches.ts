import type { ReasonedError } from '../../api/errors.ts';
import type { Kind } from '../../api/meta.ts';
import type { KubeChange, KubeObject, KubeWatch } from '../kube.ts';
import { createInformer, type Informer, type InformerOptions, type KubeKind } from './informer.ts';

export interface WatchOptions extends Pick<InformerOptions, 'transport' | 'random' | 'sleep' | 'listMs'> {
  readonly kinds: readonly KubeKind[];
  readonly signal?: AbortSignal | undefined;
}

const NOTHING: ReadonlyMap<string, KubeObject> = new Map();

/** One informer a kind. */
export function openWatch(listener: (change: KubeChange) => void, options: WatchOptions): KubeWatch {
  const { kinds, signal, ...rest } = options;
  const { promise: whenSynced, resolve, reject } = Promise.withResolvers<undefined>();
  // Who does not wait is not told.
  whenSynced.catch(() => undefined);
  const informers = new Map<Kind, Informer>(
    kinds.map((each) => [each.kind, createInformer({ ...rest, ...each, onChange })]),
  );
  const all = [...informers.values()];

  function onChange(change: KubeChange): void {
    listener(change);
    if (change.type === 'Listed' && all.every((informer) => informer.listed())) resolve(undefined);
  }

  function problem(): ReasonedError | undefined {
    return all.map((informer) => informer.problem()).find((each) => each !== undefined);
  }

  function dispose(): void {
    for (const informer of all) informer.stop();
    reject(problem() ?? new Error('the watch has ended'));
    signal?.removeEventListener('abort', dispose);
  }

  signal?.addEventListener('abort', dispose, { once: true });
  if (signal?.aborted === true) dispose();
  else for (const informer of all) informer.start();
  return {
    objects: (kind) => informers.get(kind)?.objects ?? NOTHING,
    synced: () => all.every((informer) => informer.listed()),
    whenSynced: () => whenSynced,
    problem,
    dispose,
  };
}
