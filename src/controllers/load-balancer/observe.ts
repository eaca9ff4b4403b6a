import { createHash } from 'node:crypto';
import { explainError, ReasonedError } from '../../api/errors.ts';
import { waitingFor, type Waiting } from '../../api/disruption/waiting.ts';
import { loadBalancerMembers, type Members } from '../../api/load-balancer/members.ts';
import type {
  DesiredLoadBalancer,
  ObservedHaproxy,
  ObservedLoadBalancer,
} from '../../api/load-balancer/plan.ts';
import { renderHaproxy } from '../../api/load-balancer/render.ts';
import type { HaproxyStats } from '../../api/load-balancer/haproxy-stats.ts';
import type { Haproxy } from '../../drivers/haproxy.ts';
import type { SshTarget } from '../../drivers/ssh.ts';
import { guestTarget, type Found } from '../guest-target.ts';
import type { Jobs } from '../jobs.ts';
import type { ObjectOf, ObjectStore } from '../objects.ts';

export interface ObserveDeps {
  readonly store: ObjectStore;
  readonly haproxy: Haproxy;
  readonly jobs: Jobs;
  readonly readSecret: (path: string) => Promise<string>;
}

/** What one look at a LoadBalancer found. */
export interface LoadBalancerExtra {
  readonly desired: DesiredLoadBalancer;
  readonly members: Members;
  readonly observed: ObservedLoadBalancer;
  /** haproxy.cfg as it shall be; it has the password in it. */
  readonly text: string;
  readonly password?: string;
  readonly target?: SshTarget;
  readonly stats?: HaproxyStats;
}

/** What the HAProxy of the guest is and what it shall be. Changes nothing. */
export async function observeLoadBalancer(
  deps: ObserveDeps,
  object: ObjectOf<'LoadBalancer'>,
  rejected: ObservedLoadBalancer['rejected'],
  signal: AbortSignal,
): Promise<LoadBalancerExtra> {
  const { metadata, spec } = object;
  const installing = deps.jobs.check(metadata);
  const target = guestTarget(deps.store, spec.node);
  const guest = 'waiting' in target || installing !== undefined ? target : await look(deps, target, signal);
  const secret = await password(deps, spec.stats?.passwordFile);
  // After the last wait: what the Nodes are is read in one moment.
  const before = 'stats' in guest ? guest.stats.servers : undefined;
  const members = loadBalancerMembers(spec, deps.store.list('Node'), deps.store.list('Network'), before);
  const text = renderHaproxy({
    name: metadata.name,
    spec,
    servers: members.servers,
    ...('password' in secret ? secret : {}),
  });
  const sha256 = createHash('sha256').update(text).digest('hex');
  const blocked = waitingOf(guest) ?? waitingOf(secret) ?? unknownNodes(members);
  return {
    desired: { spec, sha256 },
    members,
    text,
    observed: {
      ...(blocked === undefined ? {} : { blocked }),
      ...('haproxy' in guest ? { guest: guest.haproxy } : {}),
      ...(installing === undefined ? {} : { installing }),
      ...(rejected === undefined ? {} : { rejected }),
    },
    ...('waiting' in target ? {} : { target }),
    ...('stats' in guest ? { stats: guest.stats } : {}),
    ...('password' in secret ? secret : {}),
  };
}

function waitingOf(found: object): Waiting | undefined {
  return 'waiting' in found ? (found.waiting as Waiting) : undefined;
}

/** A guest that cannot be asked is waited for; the Nodes go on without it. */
async function look(
  deps: ObserveDeps,
  target: SshTarget,
  signal: AbortSignal,
): Promise<Found<{ haproxy: ObservedHaproxy; stats?: HaproxyStats }>> {
  return orWaiting(() => deps.haproxy.look(target, signal), signal);
}

async function password(deps: ObserveDeps, path: string | undefined): Promise<Found<{ password?: string }>> {
  if (path === undefined) return {};
  return orWaiting(async () => ({ password: await deps.readSecret(path) }));
}

async function orWaiting<T>(read: () => Promise<T>, signal?: AbortSignal): Promise<Found<T>> {
  try {
    return await read();
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof ReasonedError)) throw error;
    return { waiting: waitingFor(error.reason, explainError(error)) };
  }
}

function unknownNodes({ unknown }: Members): Waiting | undefined {
  if (unknown.length === 0) return undefined;
  return { reason: 'NodesUnknown', message: `not looked at yet: ${unknown.join(', ')}` };
}
