import { boundTo } from '../../../src/daemon/api-server/snapshot.ts';
import { conditionOf } from '../../../src/daemon/api-server/scheduled.ts';
import type { Kind } from '../../../src/api/meta.ts';
import type { KubeObject } from '../../../src/drivers/kube.ts';
import { kubeOf, listen, type SeenKube, type Told } from '../../control-plane/kube-bed.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';

/** What an administrator sees who watches, and the objects that they make. */
export interface Observer {
  readonly kube: SeenKube;
  objects(kind: Kind): ReadonlyMap<string, KubeObject>;
  /** Resolves once so many objects are Ready. */
  untilReady(kind: Kind, count: number): Promise<void>;
  /** Resolves once so many Nodes are bound. */
  untilBound(count: number): Promise<void>;
  /** Resolves once it is Ready. */
  untilNode(name: string): Promise<void>;
  /** How far the Nodes are, in words. */
  progress(): string;
  dispose(): Promise<void>;
}

export async function startObserver(plane: ControlPlane): Promise<Observer> {
  const kube = kubeOf(plane.kubeconfig());
  const { watch, until }: Told = listen(kube);
  await watch.whenSynced();
  return {
    kube,
    objects: (kind) => watch.objects(kind),
    untilReady(kind, count) {
      const tally = createTally(() => watch.objects(kind), isReady);
      return until(() => tally() >= count);
    },
    untilBound(count) {
      const tally = createTally(() => watch.objects('Node'), isBound);
      return until(() => tally() >= count);
    },
    untilNode: (name) => until(() => isReady(watch.objects('Node').get(name))),
    progress() {
      const nodes = [...watch.objects('Node').values()];
      return `${nodes.filter(isBound).length} bound, ${nodes.filter(isReady).length} Ready`;
    },
    dispose: () => kube.dispose(),
  };
}

/** How many objects there are of which it was so once. */
type Tally = () => number;

/** It is asked at each change: what was counted is not looked at again. */
function createTally(
  objects: () => ReadonlyMap<string, KubeObject>,
  test: (object: KubeObject) => boolean,
): Tally {
  const counted = new Set<string>();
  return () => {
    for (const [name, object] of objects()) if (!counted.has(name) && test(object)) counted.add(name);
    return counted.size;
  };
}

function isBound({ status }: KubeObject): boolean {
  return boundTo(status) !== undefined;
}

function isReady(object: KubeObject | undefined): boolean {
  return object !== undefined && conditionOf(object, 'Ready')?.status === 'True';
}
