import { condition, READY } from '../conditions.ts';
import type { ConditionInput } from '../meta.ts';
import type { Plan } from '../disruption/action.ts';
import { synced, type Waiting } from '../disruption/waiting.ts';
import type { Members } from './members.ts';
import { deafPorts, type DesiredLoadBalancer, type ObservedLoadBalancer } from './plan.ts';
import { backendName, listenPorts } from './render.ts';
import { indexServers, type HaproxyStats } from './haproxy-stats.ts';
import type { LoadBalancerStatus, ServerStatus } from './object.ts';

type Fields = Omit<LoadBalancerStatus, 'conditions'>;

/** The servers as HAProxy sees them; those of which it does not tell are Unknown. */
export function serverStatuses(
  { spec }: DesiredLoadBalancer,
  members: Members,
  stats: HaproxyStats | undefined,
): ServerStatus[] {
  const told = indexServers(stats?.servers ?? []);
  return spec.frontends.flatMap((frontend, index) => {
    const backend = backendName(frontend);
    return (members.servers[index] ?? []).map(({ name: server, node, address, port }) => {
      const seen = told.named(backend, server);
      return {
        backend,
        server,
        node,
        address,
        port,
        state: seen?.state ?? 'Unknown',
        ...(seen === undefined ? {} : { sessions: seen.sessions, sessionsTotal: seen.sessionsTotal }),
      };
    });
  });
}

/** HAProxy sends it connections: `UP`, `UP 1/3` on its way down, or it is not checked. */
export function isServerUp({ state }: Pick<ServerStatus, 'state'>): boolean {
  return state.startsWith('UP') || state === 'no check';
}

const SAME_MOMENT_MS = 5000;

/**
 * When HAProxy last read its configuration. Its uptime is in whole seconds: a moment close to the one known is that one.
 * @param now milliseconds since the epoch
 */
export function lastReload(
  stats: HaproxyStats | undefined,
  known: string | undefined,
  now: number,
): Pick<Fields, 'lastReload'> {
  const uptime = stats?.uptimeSeconds;
  if (uptime === undefined) return {};
  const at = now - uptime * 1000;
  const same = known !== undefined && Math.abs(Date.parse(known) - at) < SAME_MOMENT_MS;
  return { lastReload: same ? known : new Date(at).toISOString().replace(/\.\d+Z$/, 'Z') };
}

export interface LoadBalancerView {
  readonly plan: Plan;
  readonly members: Members;
  readonly servers: readonly ServerStatus[];
}

/** Installed, Configured, Serving, and Ready when all of them are True; whether servers are up is told beside it. */
export function loadBalancerConditions(
  desired: DesiredLoadBalancer,
  observed: ObservedLoadBalancer,
  view: LoadBalancerView,
): ConditionInput[] {
  const { waiting } = view.plan;
  const steps = [installed(observed), configured(desired, observed, waiting), serving(desired, observed)];
  const missing = steps.find(({ status }) => status !== 'True');
  const why = waiting ?? missing;
  const ready =
    why === undefined
      ? condition(READY, 'True', 'Serving', portsText(desired))
      : condition(READY, 'False', why.reason, why.message);
  return [ready, synced(waiting), ...steps, serversUp(observed, view), ...mismatch(waiting)];
}

function portsText({ spec }: DesiredLoadBalancer): string {
  return `listens on ${listenPorts(spec).join(', ')}`;
}

function installed({ guest, installing, blocked }: ObservedLoadBalancer): ConditionInput {
  if (installing !== undefined) return condition('Installed', 'False', installing.reason, installing.message);
  if (guest === undefined) return unknown('Installed', blocked);
  if (!guest.installed) return condition('Installed', 'False', 'NotInstalled', 'the guest has no HAProxy');
  return condition('Installed', 'True', 'Installed', `HAProxy ${guest.version ?? 'of an unknown version'}`);
}

function configured(
  desired: DesiredLoadBalancer,
  { guest, blocked }: ObservedLoadBalancer,
  waiting: Waiting | undefined,
): ConditionInput {
  if (blocked !== undefined || guest === undefined) return unknown('Configured', blocked);
  if (guest.config?.sha256 === desired.sha256 && guest.enabled)
    return condition('Configured', 'True', 'Configured');
  const { reason, message } = waiting ?? {
    reason: 'Outdated',
    message: 'haproxy.cfg does not say what the manifest and the Nodes are',
  };
  return condition('Configured', 'False', reason, message);
}

function serving(desired: DesiredLoadBalancer, { guest, blocked }: ObservedLoadBalancer): ConditionInput {
  if (guest === undefined) return unknown('Serving', blocked);
  if (!guest.active) return condition('Serving', 'False', 'NotRunning', 'HAProxy does not run');
  const deaf = deafPorts(desired, guest);
  if (deaf.length === 0) return condition('Serving', 'True', 'Serving', portsText(desired));
  return condition('Serving', 'False', 'NotListening', `HAProxy does not listen on ${deaf.join(', ')}`);
}

function unknown(type: string, blocked: Waiting | undefined): ConditionInput {
  const { reason, message } = blocked ?? { reason: 'NotLooked', message: 'the guest was not looked at' };
  return condition(type, 'Unknown', reason, message);
}

function serversUp({ guest }: ObservedLoadBalancer, { members, servers }: LoadBalancerView): ConditionInput {
  const none = members.noneReady.length === 0 ? '' : `; none is Ready behind ${members.noneReady.join(', ')}`;
  if (guest === undefined)
    return condition('ServersUp', 'Unknown', 'NotLooked', 'the guest was not looked at');
  const up = servers.filter(isServerUp).length;
  const message = `${up} of ${servers.length} servers are up${none}`;
  const all = servers.length > 0 && up === servers.length;
  return condition(
    'ServersUp',
    all ? 'True' : 'False',
    all ? 'AllUp' : up === 0 ? 'NoneUp' : 'SomeDown',
    message,
  );
}

function mismatch(waiting: Waiting | undefined): ConditionInput[] {
  if (waiting?.reason !== 'HostKeyMismatch') return [];
  return [condition('HostKeyMismatch', 'True', waiting.reason, waiting.message)];
}
