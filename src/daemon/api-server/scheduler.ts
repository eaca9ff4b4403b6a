import { condition } from '../../api/conditions.ts';
import { explainError } from '../../api/errors.ts';
import { refName, type Condition } from '../../api/meta.ts';
import { place, type Binding, type Placement } from '../../api/placement/place.ts';
import { UNSCHEDULABLE } from '../../api/placement/planned.ts';
import { readLab, readNode } from '../../api/placement/read.ts';
import type { Lab } from '../../api/placement/lab.ts';
import { mapAtOnce } from '../../drivers/at-once.ts';
import type { Kube, KubeChange, KubeObject, KubeWatch } from '../../drivers/kube.ts';
import { createBackoff } from '../../engine/backoff.ts';
import { timestamp, type Clock, type Timer } from '../../engine/clock.ts';
import type { EventRecorder, EventType } from '../../engine/events.ts';
import type { Logger } from '../../engine/logger.ts';
import { createOneAtATime } from '../../engine/one-at-a-time.ts';
import { createAssumed } from './assumed.ts';
import type { Election } from './election.ts';
import { AT_ONCE, createFence } from './fence.ts';
import { createRelevance, placementFacts } from './relevance.ts';
import { boundCondition, changed, conditionOf, SCHEDULED, stamped } from './scheduled.ts';
import { createWriter } from './writer.ts';

export interface SchedulerDeps {
  readonly kube: Pick<Kube, 'applyStatus' | 'get'>;
  readonly watch: Pick<KubeWatch, 'objects' | 'synced'>;
  readonly election: Pick<Election, 'holds' | 'token'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly record: EventRecorder['record'];
}

/** Binds Nodes to vmhosts and gives them addresses, for as long as this daemon is the elected one. */
export interface Scheduler {
  /** The watch tells something new. */
  tell(change: KubeChange): void;
  /** Looks at everything again: the election may have another end. */
  look(): void;
  state(): SchedulerState;
  /** Resolves once nothing is written any more. */
  stop(): Promise<void>;
}

export interface SchedulerState {
  /** Nodes that no vmhost takes. */
  readonly unschedulable: number;
  /** Why what was decided could not be written. */
  readonly problem?: string;
}

/** What changes together is decided once. */
const SETTLE_MS = 5;
/** Deciding takes a fifth of the time at most, however many changes there are. */
const REST = 4;
/** Until a Node is asked for again that is there, and that the watch does not show. */
const ASK_MS = 5_000;
/** How often a Node is told other words for why nobody takes it: what is free changes with each guest. */
const SAY_MS = 30_000;

export function startScheduler(deps: SchedulerDeps): Scheduler {
  const { kube, watch, election, clock, log } = deps;
  const assumed = createAssumed(watch);
  const writer = createWriter({ kube, election, assumed });
  const now = (): string => timestamp(clock.now());
  const fence = createFence({ watch, assumed, writer, now });
  const relevance = createRelevance(placementFacts);
  const backoff = createBackoff({ random: deps.random, baseMs: 500, maxMs: 15_000 });
  const saidAt = new Map<string, number>();
  /** Nodes that the API server does not have, though their allocations are there. */
  const gone = new Set<string>();
  /** Objects that somebody else has changed: what they are now is still to be shown. */
  const awaited = new Set<string>();
  /** What the round goes by: what it decides is written only to objects that are still so. */
  let seen: Seen = { Node: new Map(), Network: new Map() };
  let state: SchedulerState = { unschedulable: 0 };
  let token = '';
  let restUntil = -Infinity;
  /** Since when the watch is waited for to show what was written. */
  let unsureSince: number | undefined;
  let timer: { readonly at: number; readonly timer: Timer } | undefined;
  let running = Promise.resolve();
  let isStopped = false;

  function lookIn(ms: number): void {
    const at = Math.max(clock.monotonic() + ms, restUntil);
    if (isStopped || (timer !== undefined && timer.at <= at)) return;
    timer?.timer.cancel();
    timer = { at, timer: clock.setTimer(at - clock.monotonic(), wake) };
  }

  function wake(): void {
    timer = undefined;
    running = run();
  }

  const run = createOneAtATime(async () => {
    if (isStopped || !election.holds() || !watch.synced()) return;
    await round().then(after, (error: unknown) => after([explainError(error)]));
  });

  function after(failures: readonly string[]): void {
    const [problem] = failures;
    const { problem: before, ...rest } = state;
    state = problem === undefined ? rest : { ...rest, problem };
    if (problem !== undefined && problem !== before)
      log.warn({ why: problem }, 'cannot write who goes where');
    if (problem === undefined) backoff.forget('round');
    else lookIn(backoff.when('round'));
  }

  /** @returns what failed */
  async function round(): Promise<readonly string[]> {
    if (token !== election.token()) {
      token = election.token();
      gone.clear();
      saidAt.clear();
    }
    if (clock.monotonic() >= (unsureSince ?? Infinity) + ASK_MS) {
      assumed.giveUpWaiting();
      unsureSince = undefined;
    }
    await writer.settle();
    const mayBind = await fence.pass(token);
    const began = clock.monotonic();
    seen = { Node: byName(assumed.objects('Node')), Network: byName(assumed.objects('Network')) };
    const { Node, Network } = seen;
    const lab = readLab((kind) => {
      if (kind === 'Node') return Node.values();
      return kind === 'Network' ? Network.values() : assumed.objects(kind);
    });
    const placement = place({ ...lab, unconfirmed: await confirm(lab) });
    restUntil = clock.monotonic() + REST * (clock.monotonic() - began);
    state = { ...state, unschedulable: placement.unschedulable.size };
    const late = await allocate(placement);
    if (mayBind) {
      const isClone = ({ source }: Binding): boolean => source !== undefined;
      const first = placement.bindings.filter((binding) => !isClone(binding));
      await mapAtOnce(first, AT_ONCE, (binding) => bind(binding, late));
      for (const clone of placement.bindings.filter(isClone)) await bind(clone, late);
      await say(placement);
    }
    const unsure = assumed.unsure();
    for (const ref of unsure) awaited.add(refName(ref));
    unsureSince = unsure.length === 0 ? undefined : (unsureSince ?? clock.monotonic());
    if (unsure.length > 0) lookIn(ASK_MS);
    // The watch may have shown the change already, when it seemed to be none that placement goes by.
    if (writer.cameTooLate()) lookIn(SETTLE_MS);
    return writer.failures();
  }

  /**
   * A Node that the watch does not show may be one that it does not show yet: an address is free once the API server says that its Node
   * is gone.
   * @returns the Nodes that may still be there
   */
  async function confirm({ networks, nodes }: Lab): Promise<ReadonlySet<string>> {
    const known = new Set(nodes.map(({ name }) => name));
    const missing = new Set(networks.flatMap(({ allocations }) => allocations.map(({ node }) => node)));
    for (const name of gone) if (known.has(name) || !missing.has(name)) gone.delete(name);
    const asked = [...missing].filter((name) => !known.has(name) && !gone.has(name));
    await mapAtOnce(asked, AT_ONCE, async (name) => {
      if (!election.holds()) return;
      const found = await kube.get({ kind: 'Node', name });
      if (found === undefined) gone.add(name);
    });
    const left = asked.filter((name) => !gone.has(name));
    if (left.length > 0) lookIn(ASK_MS);
    return new Set(left);
  }

  /** One write for each Network. @returns the Networks whose allocations are not written yet */
  async function allocate({ allocations }: Placement): Promise<ReadonlySet<string>> {
    const late = new Set<string>();
    await mapAtOnce([...allocations], AT_ONCE, async ([name, wanted]) => {
      const ref = { kind: 'Network' as const, name };
      const base = seen.Network.get(name);
      const isWritten = base !== undefined && (await writer.write(base, ref, { allocations: wanted }));
      if (!isWritten) late.add(name);
    });
    for (const { kind, name } of assumed.unsure()) if (kind === 'Network') late.add(name);
    return late;
  }

  async function bind(binding: Binding, late: ReadonlySet<string>): Promise<void> {
    const { node, vmhost, why, networks, source } = binding;
    if (networks.some((network) => late.has(network))) return;
    if (source !== undefined && !isBound(source, vmhost)) return;
    const base = seen.Node.get(node);
    if (base === undefined) return;
    const isWritten = await write(base, vmhost, stamped(base, boundCondition(vmhost), now()));
    if (isWritten) tellOf(base, 'Normal', 'Scheduled', `Bound to ${vmhost}: ${why}`);
  }

  /** For certain. */
  function isBound(node: string, vmhost: string): boolean {
    const ref = { kind: 'Node' as const, name: node };
    const object = assumed.find(ref);
    return object !== undefined && !assumed.isUnsure(ref) && readNode(object).vmhost === vmhost;
  }

  function tellOf(
    { metadata: { name, uid } }: KubeObject,
    type: EventType,
    reason: string,
    why: string,
  ): void {
    deps.record({ kind: 'Node', name, uid }, type, reason, why);
  }

  async function say({ unschedulable, refusals }: Placement): Promise<void> {
    for (const name of saidAt.keys()) if (!unschedulable.has(name)) saidAt.delete(name);
    await mapAtOnce([...unschedulable], AT_ONCE, async ([node, why]) => {
      const base = seen.Node.get(node);
      const wanted = condition(SCHEDULED, 'False', UNSCHEDULABLE, why);
      const next = base === undefined ? undefined : changed(base, wanted, now());
      if (base === undefined || next === undefined) return;
      const rest = (saidAt.get(node) ?? -Infinity) + SAY_MS - clock.monotonic();
      if (conditionOf(base, SCHEDULED)?.reason === UNSCHEDULABLE && rest > 0) {
        lookIn(rest);
        return;
      }
      if (!(await write(base, undefined, next))) return;
      saidAt.set(node, clock.monotonic());
      tellOf(base, 'Warning', 'FailedScheduling', why);
    });
    for (const object of seen.Node.values()) await sayBound(object, refusals);
  }

  async function sayBound(object: KubeObject, refusals: Placement['refusals']): Promise<void> {
    const { name, vmhost, isRemoved } = readNode(object);
    if (vmhost === undefined || isRemoved) return;
    const why = refusals.get(name);
    if (why === undefined && conditionOf(object, SCHEDULED)?.reason !== REFUSED) return;
    const words = `it is bound to ${vmhost}, and does not get all that its manifest names: ${why ?? ''}`;
    const wanted = why === undefined ? boundCondition(vmhost) : condition(SCHEDULED, 'True', REFUSED, words);
    const next = changed(object, wanted, now());
    if (next !== undefined) await write(object, vmhost, next);
  }

  function write(
    base: KubeObject,
    vmhost: string | undefined,
    next: Condition | undefined,
  ): Promise<boolean> {
    const ref = { kind: 'Node' as const, name: base.metadata.name };
    return writer.write(base, ref, { ...(vmhost === undefined ? {} : { vmhost }), conditions: [next] });
  }

  lookIn(0);
  return {
    tell(change) {
      if (change.type === 'Problem') return;
      if (change.type === 'Listed') {
        lookIn(SETTLE_MS);
        return;
      }
      const ref = { kind: change.kind, name: change.object.metadata.name };
      // Both are asked: each of them learns from it.
      const [isAwaited, isRelevant] = [awaited.delete(refName(ref)), relevance.of(change)];
      if (isAwaited || isRelevant) lookIn(SETTLE_MS);
    },
    look: () => lookIn(0),
    state: () => state,
    async stop() {
      isStopped = true;
      timer?.timer.cancel();
      await running;
    },
  };
}

type Seen = Readonly<Record<'Node' | 'Network', ReadonlyMap<string, KubeObject>>>;

function byName(objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map((object) => [object.metadata.name, object]));
}

const REFUSED = 'AddressRefused';
