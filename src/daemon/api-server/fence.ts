import { condition } from '../../api/conditions.ts';
import { readNode } from '../../api/placement/read.ts';
import { mapAtOnce } from '../../drivers/at-once.ts';
import type { KubeObject, KubeWatch } from '../../drivers/kube.ts';
import type { Assumed } from './assumed.ts';
import { conditionOf, SCHEDULED, stamped } from './scheduled.ts';
import type { Writer } from './writer.ts';

/**
 * What a daemon does that was elected anew before it binds anything. Who was elected before may have calls under way, and the watch may
 * not show yet what that one bound. So each Node that waits is written to: a call that was based on an older version of it now fails. When
 * the watch shows the first of these writes, it shows all that was bound before.
 */
export interface Fence {
  /** @returns whether Nodes may be bound in this term */
  pass(token: string): Promise<boolean>;
}

export interface FenceDeps {
  readonly watch: Pick<KubeWatch, 'objects'>;
  readonly assumed: Assumed;
  readonly writer: Writer;
  /** RFC 3339. */
  readonly now: () => string;
}

/** Calls at the same time. */
export const AT_ONCE = 8;

export function createFence({ watch, assumed, writer, now }: FenceDeps): Fence {
  let term = '';
  /** The Nodes that say when the watch is up to date. */
  let first: ReadonlySet<string> = new Set();
  let isOpen = false;

  /** As the watch shows them: what was assumed in an earlier term says nothing. */
  function waiting(): readonly KubeObject[] {
    return [...watch.objects('Node').values()].filter((object) => {
      const { vmhost, isRemoved } = readNode(object);
      return vmhost === undefined && !isRemoved;
    });
  }

  function isMarked(object: KubeObject): boolean {
    return conditionOf(object, SCHEDULED)?.message === mark(term);
  }

  function namesOf(objects: readonly KubeObject[]): ReadonlySet<string> {
    return new Set(objects.filter((each) => !isMarked(each)).map(({ metadata }) => metadata.name));
  }

  async function markAll(objects: readonly KubeObject[]): Promise<void> {
    await mapAtOnce(objects, AT_ONCE, async (object) => {
      const ref = { kind: 'Node' as const, name: object.metadata.name };
      if (assumed.has(ref)) return;
      const wanted = condition(SCHEDULED, 'False', 'Pending', mark(term));
      await writer.write(object, ref, { conditions: [stamped(object, wanted, now())] });
    });
  }

  return {
    async pass(token) {
      if (token !== term) {
        assumed.clear();
        term = token;
        first = new Set();
        isOpen = false;
      }
      if (isOpen) return true;
      const nodes = waiting();
      if (first.size === 0) first = namesOf(nodes);
      const left = nodes.filter((each) => first.has(each.metadata.name) && !isMarked(each));
      await markAll(left);
      if (left.length > 0) return false;
      // Without a mark that is shown nobody knows how old the rest is.
      const isShown = nodes.some((each) => first.has(each.metadata.name) && isMarked(each));
      if (!isShown) first = new Set();
      if (!isShown) return false;
      const late = nodes.filter((each) => !isMarked(each));
      await markAll(late);
      isOpen = late.every(({ metadata }) => {
        const known = assumed.find({ kind: 'Node', name: metadata.name });
        return known !== undefined && isMarked(known);
      });
      return isOpen;
    },
  };
}

function mark(token: string): string {
  return `waits for its turn (election ${token})`;
}
