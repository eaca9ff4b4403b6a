import type { KubeChange, KubeWatch } from '../../drivers/kube.ts';
import { createRelevance, ownFacts, shareFacts } from './relevance.ts';

/** Whether it is about this vmhost's own share, or only about what others have. */
export type Hint = 'own' | 'others';

/** Tells everybody who listens that what is known of an API server, or whether it may be acted on, may be another thing now. */
export interface Hints {
  readonly tell: (hint: Hint) => void;
  /** @returns unsubscribe */
  readonly subscribe: (listener: (hint: Hint) => void) => () => void;
}

export function createHints(): Hints {
  const listeners = new Set<(hint: Hint) => void>();
  return {
    tell(hint) {
      for (const listener of listeners) listener(hint);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** What a change is about; undefined: nothing that anybody goes by. */
export function createHintOf(
  vmhost: string,
  watch: Pick<KubeWatch, 'objects'>,
): (change: KubeChange) => Hint | undefined {
  const own = createRelevance(ownFacts(vmhost, () => watch.objects('Node')));
  const all = createRelevance(shareFacts(vmhost));
  /** Which allocations of a Network are its own follows from its Nodes: what came with these is no news with its next change. */
  function noteNetworks(): void {
    for (const object of watch.objects('Network').values())
      own.of({ type: 'Modified', kind: 'Network', object });
  }
  return (change) => {
    if (change.type === 'Problem' || change.type === 'Listed') return 'own';
    const [isOwn, isAny] = [own.of(change), all.of(change)];
    if (isOwn && change.kind === 'Node') noteNetworks();
    if (isOwn) return 'own';
    return isAny ? 'others' : undefined;
  };
}
