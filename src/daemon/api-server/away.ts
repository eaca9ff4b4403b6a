import { explainError, reasonOf } from '../../api/errors.ts';
import type { ConditionInput, Kind } from '../../api/meta.ts';
import { nodeAway, vmhostAway } from '../../api/placement/away.ts';
import { readNode } from '../../api/placement/read.ts';
import { vmhostLease } from '../../api/vmhost/claim.ts';
import { tryAtOnce } from '../../drivers/at-once.ts';
import type { Kube, KubeLease, KubeObject, KubeWatch } from '../../drivers/kube.ts';
import { timestamp, type Clock, type Timer } from '../../engine/clock.ts';
import type { EventRecorder } from '../../engine/events.ts';
import type { Logger } from '../../engine/logger.ts';
import type { Election } from './election.ts';
import { AT_ONCE } from './fence.ts';
import { changed } from './scheduled.ts';

/** Owner of the condition Ready of what is away, until its vmhost is back and says it itself. */
export const AWAY_MANAGER = 'k8slab-away';

export interface AwayDeps {
  readonly kube: Pick<Kube, 'applyStatus'> & { readonly lease: Pick<Kube['lease'], 'list'> };
  readonly watch: Pick<KubeWatch, 'objects' | 'synced'>;
  readonly election: Pick<Election, 'holds'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly record: EventRecorder['record'];
}

/** Sees that vmhosts do not renew their Leases; the elected daemon says so of them and of their Nodes. */
export interface Away {
  /** Vmhosts that are away, as far as this daemon saw. */
  vmhosts(): readonly string[];
  stop(): Promise<void>;
}

/** Every daemon looks, so that one that is elected because a vmhost is gone knows it already; the elected one more often. */
const LOOK_MS = 10_000;
const ELECTED_LOOK_MS = 5_000;
/** Two renewals that did not come. A renewal is seen up to LOOK_MS late, so that it is 35 s after the last one. */
const AWAY_MS = 25_000;

interface Seen {
  readonly version: string | undefined;
  readonly renewTime: string | undefined;
  /** By `watched`. */
  readonly at: number;
}

export function startAway({ kube, watch, election, clock, log, record }: AwayDeps): Away {
  const seen = new Map<string, Seen>();
  const away = new Set<string>();
  let lookedAt = -Infinity;
  /** The own clock (ms) without the time in which no look succeeded: then nobody may have been able to renew anything. */
  let watched = 0;
  let isStopped = false;
  let running = Promise.resolve();
  let timer: Timer = clock.setTimer(0, next);

  function next(): void {
    running = look()
      .catch((error: unknown) =>
        log.debug({ why: explainError(error) }, 'could not look which vmhosts are there'),
      )
      .then(() => {
        if (!isStopped) timer = clock.setTimer(election.holds() ? ELECTED_LOOK_MS : LOOK_MS, next);
      });
  }

  async function look(): Promise<void> {
    if (!watch.synced()) return;
    const leases = new Map((await kube.lease.list()).map((lease) => [lease.name, lease]));
    const now = clock.monotonic();
    watched += Math.min(now - lookedAt, LOOK_MS);
    lookedAt = now;
    const vmhosts = [...watch.objects('Vmhost').values()];
    for (const { metadata } of vmhosts) see(metadata.name, leases.get(vmhostLease(metadata.name)));
    const names = new Set(vmhosts.map(({ metadata }) => metadata.name));
    for (const name of seen.keys()) if (!names.has(name)) seen.delete(name);
    const missing = new Set(vmhosts.filter(({ metadata }) => isAway(metadata.name)));
    for (const vmhost of vmhosts) turn(vmhost, missing.has(vmhost));
    for (const name of away) if (!names.has(name)) away.delete(name);
    if (missing.size > 0 && election.holds()) await say([...missing]);
  }

  function see(name: string, lease: KubeLease | undefined): void {
    const before = seen.get(name);
    if (before !== undefined && before.version === lease?.resourceVersion) return;
    seen.set(name, { version: lease?.resourceVersion, renewTime: lease?.spec.renewTime, at: watched });
  }

  function isAway(name: string): boolean {
    const { at = watched } = seen.get(name) ?? {};
    return watched - at >= AWAY_MS;
  }

  function turn({ metadata: { name, uid } }: KubeObject, isMissing: boolean): void {
    if (!isMissing && away.delete(name) && election.holds())
      record({ kind: 'Vmhost', name, uid }, 'Normal', 'VmhostBack', 'Renews its Lease again');
    if (isMissing) away.add(name);
  }

  async function say(vmhosts: readonly KubeObject[]): Promise<void> {
    const nodes = Map.groupBy(watch.objects('Node').values(), (node) => readNode(node).vmhost);
    const writes = vmhosts.flatMap((vmhost) => {
      const { name } = vmhost.metadata;
      const { renewTime } = seen.get(name) ?? {};
      const since = renewTime === undefined ? undefined : timestamp(Date.parse(renewTime));
      const ofNodes = (nodes.get(name) ?? []).map((node) => () => write(node, nodeAway(name, since)));
      return [() => sayVmhost(vmhost, since), ...ofNodes];
    });
    // An object that the API server refuses is in no other's way.
    await tryAtOnce<() => Promise<unknown>>(writes, AT_ONCE, (each) => each());
  }

  async function sayVmhost(vmhost: KubeObject, since: string | undefined): Promise<void> {
    const { name, uid } = vmhost.metadata;
    const wanted = vmhostAway(since);
    if (!(await write(vmhost, wanted))) return;
    record({ kind: 'Vmhost', name, uid }, 'Warning', wanted.reason, `It is away: ${wanted.message}`);
    log.warn({ vmhost: name, since }, 'a vmhost is away');
  }

  /** Only as it was seen: a vmhost that is back meanwhile has the last word. */
  async function write(object: KubeObject, wanted: ConditionInput): Promise<boolean> {
    const next = changed(object, wanted, timestamp(clock.now()));
    if (next === undefined || !election.holds()) return false;
    const { name, resourceVersion } = object.metadata;
    const options = { manager: AWAY_MANAGER, resourceVersion };
    try {
      await kube.applyStatus({ kind: object.kind as Kind, name }, { conditions: [next] }, options);
      return true;
    } catch (error) {
      if (reasonOf(error) === 'Conflict' || reasonOf(error) === 'NotFound') return false;
      throw error;
    }
  }

  return {
    vmhosts: () => [...away].sort(),
    async stop() {
      isStopped = true;
      timer.cancel();
      await running;
    },
  };
}
