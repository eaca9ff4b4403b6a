import { ReasonedError } from '../../api/errors.ts';
import type { LoadBalancerAction } from '../../api/disruption/action.ts';
import { planLoadBalancer, type ObservedLoadBalancer } from '../../api/load-balancer/plan.ts';
import { escapeWord, listenPorts } from '../../api/load-balancer/render.ts';
import { lastReload, loadBalancerConditions, serverStatuses } from '../../api/load-balancer/status.ts';
import type { Packages } from '../../drivers/packages.ts';
import type { SshTarget } from '../../drivers/ssh.ts';
import { createBackoff, type Backoff } from '../../engine/backoff.ts';
import type { Clock } from '../../engine/clock.ts';
import type { JobRun } from '../jobs.ts';
import { observeLoadBalancer, type LoadBalancerExtra, type ObserveDeps } from './observe.ts';
import type { ObjectOf } from '../objects.ts';
import type { Reconciler } from '../pass.ts';
import type { LoadBalancerStatus } from '../../api/load-balancer/object.ts';

export interface LoadBalancerDeps extends ObserveDeps {
  readonly packages: Packages;
  readonly clock: Clock;
}

/** Nobody tells us of what happens in the guest. */
const LOOK_EVERY_MS = 15_000;
const PACKAGE = 'haproxy';

/** Keeps a guest's HAProxy equal to the manifest and the Nodes. */
export function createLoadBalancerReconciler(
  deps: LoadBalancerDeps,
): Reconciler<'LoadBalancer', LoadBalancerAction, LoadBalancerExtra> {
  /** What HAProxy refused is not offered to it again. In memory: a restart tries once more. */
  const rejected = new Map<string, NonNullable<ObservedLoadBalancer['rejected']>>();
  const backoff = createBackoff();
  return {
    kind: 'LoadBalancer',
    async look(object, signal) {
      const { name } = object.metadata;
      const extra = await observeLoadBalancer(deps, object, rejected.get(name), signal);
      const plan = planLoadBalancer(extra.desired, extra.observed);
      const fields = fieldsOf(deps, object, extra);
      const view = { plan, members: extra.members, servers: fields.servers ?? [] };
      const conditions = loadBalancerConditions(extra.desired, extra.observed, view);
      return { plan, conditions, fields, extra, again: again(backoff, name, extra) };
    },
    async execute(action, { extra }, object) {
      try {
        await execute(deps, action, extra, object);
      } catch (error) {
        const told = withoutPassword(error, extra.password);
        if (told instanceof ReasonedError && told.reason === 'ConfigRejected') {
          rejected.set(object.metadata.name, { sha256: extra.desired.sha256, words: told.message });
        }
        throw told;
      }
    },
  };
}

function again(backoff: Backoff, name: string, { target, observed }: LoadBalancerExtra): number {
  const silent = target !== undefined && observed.guest === undefined && observed.installing === undefined;
  if (silent) return backoff.when(name);
  backoff.forget(name);
  return LOOK_EVERY_MS;
}

function fieldsOf(
  deps: LoadBalancerDeps,
  { status }: ObjectOf<'LoadBalancer'>,
  { desired, members, stats, observed, target }: LoadBalancerExtra,
): Omit<LoadBalancerStatus, 'conditions'> {
  const version = observed.guest?.version;
  return {
    ...(target === undefined ? {} : { address: target.address }),
    ...(version === undefined ? {} : { version }),
    servers: serverStatuses(desired, members, stats),
    ...(stats === undefined ? {} : { sessions: stats.sessions }),
    ...lastReload(stats, status.lastReload, deps.clock.now()),
  };
}

async function execute(
  deps: LoadBalancerDeps,
  action: LoadBalancerAction,
  { desired, text, target }: LoadBalancerExtra,
  object: ObjectOf<'LoadBalancer'>,
): Promise<void> {
  if (target === undefined) return;
  const ports = listenPorts(desired.spec);
  switch (action.type) {
    case 'InstallHAProxy':
      deps.jobs.start(object.metadata.name, object.metadata.generation, installJob(deps.packages, target));
      return;
    case 'LabelPorts':
      await deps.haproxy.labelPorts(target, action.ports);
      return;
    case 'ApplyConfig':
      await deps.haproxy.apply(target, { text, sha256: desired.sha256, ports });
      return;
    case 'EnableHAProxy':
      await deps.haproxy.enable(target);
      return;
    case 'StartHAProxy':
    case 'ReloadHAProxy':
      await deps.haproxy.startOrReload(target, ports);
  }
}

function installJob(packages: Packages, target: SshTarget): JobRun {
  return (signal, report) =>
    packages.install(target, PACKAGE, {
      signal,
      onLine: (message) => report({ reason: 'Installing', message }),
    });
}

/** HAProxy quotes the line that it does not understand. */
function withoutPassword(error: unknown, password: string | undefined): unknown {
  if (password === undefined || !(error instanceof ReasonedError)) return error;
  const message = error.message.replaceAll(escapeWord(password), '***').replaceAll(password, '***');
  return new ReasonedError(error.reason, message, { cause: error.cause });
}
