import { findCondition, READY, SYNCED } from '../../api/conditions.ts';
import { ReasonedError } from '../../api/errors.ts';
import type { Condition } from '../../api/meta.ts';
import { asking } from '../../api/node/memory.ts';
import { powerRequest, type PowerEvent, type PowerOptions, type PowerVerb } from '../../api/node/power.ts';
import type { Clock } from '../../engine/clock.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Logger } from '../../engine/logger.ts';
import type { Memory } from '../../engine/memory.ts';
import type { ObjectOf, ObjectStore } from '../objects.ts';

export interface PowerDeps {
  readonly store: ObjectStore;
  readonly memory: Memory;
  readonly recorder: Pick<EventRecorder, 'record' | 'subscribe'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets the Node be looked at now. */
  readonly enqueue: (node: string) => void;
}

export interface FollowOptions {
  readonly timeoutMs: number;
  /** Nobody listens any more. */
  readonly signal: AbortSignal;
}

/** Tells what happens until it is done, failed, or given up; what was asked for goes on all the same. */
export type Follow = (report: (event: PowerEvent) => void, options: FollowOptions) => Promise<void>;

/** What people ask of guests: the planner sees it, and decides. */
export interface Power {
  /** @throws ReasonedError NotFound; Conflict: the manifest is against it */
  ask(verb: PowerVerb, node: string, options?: PowerOptions): Follow;
}

export function createPower(deps: PowerDeps): Power {
  return {
    ask(verb, name, options = {}) {
      const { store, memory, recorder, log, enqueue } = deps;
      const node = store.get('Node', name);
      if (node === undefined)
        throw new ReasonedError('NotFound', `cannot ${verb} Node "${name}": there is no such Node`);
      const request = powerRequest(node, verb, options);
      if (request !== undefined) {
        log.info({ kind: 'Node', name, ...request }, 'a person asks for it');
        const reason = request.verb === 'restart' ? 'RestartRequested' : 'StartRequested';
        recorder.record(node, 'Normal', reason, `a person asked for it by k8slab ${verb}`);
        memory.write(node, asking(memory.read(node) ?? {}, request));
        enqueue(name);
      }
      return (report, follow) => followTo(deps, { verb, node }, report, follow);
    },
  };
}

interface Goal {
  readonly verb: PowerVerb;
  readonly node: ObjectOf<'Node'>;
}

async function followTo(
  { store, memory, recorder, clock }: PowerDeps,
  { verb, node: { metadata } }: Goal,
  report: (event: PowerEvent) => void,
  { timeoutMs, signal }: FollowOptions,
): Promise<void> {
  const node = metadata.name;
  const since = clock.monotonic();
  const { promise: ended, resolve: end } = Promise.withResolvers<undefined>();
  let told = '';

  function fail(reason: string, message: string): void {
    report({ type: 'failed', node, reason, message });
    end(undefined);
  }
  function look(): void {
    const now = store.get('Node', node);
    if (now?.metadata.uid !== metadata.uid) {
      fail('NotFound', 'its manifest is gone');
      return;
    }
    const { asked, bootedAt } = memory.read(now) ?? {};
    const ready = findCondition(now.status.conditions, READY);
    if (asked === undefined && bootedAt === undefined && ready?.status === 'True') {
      const seconds = Math.round((clock.monotonic() - since) / 1000);
      report({ type: 'finished', node, verb, seconds });
      end(undefined);
      return;
    }
    const standing = standsInTheWay(now.status.conditions);
    if (standing === undefined) return;
    const { reason, message } = standing;
    if (asked === undefined && FAILURES.has(reason)) {
      fail(reason, message);
      return;
    }
    if (told === reason) return;
    told = reason;
    report({ type: 'waiting', node, reason, message });
  }

  const unsubscribe = [
    recorder.subscribe(({ involvedObject, reason, message }) => {
      if (involvedObject.uid !== metadata.uid) return;
      report({ type: 'step', node, action: reason, message });
    }),
    store.subscribe(({ object }) => {
      if (object.kind === 'Node' && object.metadata.name === node) look();
    }),
  ];
  const late = clock.setTimer(timeoutMs, () =>
    fail('Timeout', `not done in ${timeoutMs / 1000} s; k8slabd goes on with it`),
  );
  const leave = (): void => end(undefined);
  signal.addEventListener('abort', leave, { once: true });
  try {
    look();
    if (!signal.aborted) await ended;
  } finally {
    late.cancel();
    signal.removeEventListener('abort', leave);
    for (const each of unsubscribe) each();
  }
}

/** The daemon tries again by itself; who waits learns more from an end. */
const FAILURES: ReadonlySet<string> = new Set(['StartFailed', 'StartBackOff']);

/** What a guest that is Ready waits for stands in other conditions. */
function standsInTheWay(conditions: readonly Condition[]): Condition | undefined {
  const ready = findCondition(conditions, READY);
  if (ready !== undefined && ready.status !== 'True') return ready;
  const synced = findCondition(conditions, SYNCED);
  if (synced?.status === 'False') return synced;
  const restart = findCondition(conditions, 'RestartRequired');
  // Any other reason is why a restart was due before it was asked for.
  return restart?.reason === 'RolloutWaiting' || restart?.reason === 'RestartRefused' ? restart : undefined;
}
