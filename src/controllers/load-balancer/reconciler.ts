import { ReasonedError, reasonOf, toError } from '../../api/errors.ts';
import type { LoadBalancerAction } from '../../api/load-balancer/actions.ts';
import { nextLookMs, type LoadBalancerMemory } from '../../api/load-balancer/memory.ts';
import { planLoadBalancer } from '../../api/load-balancer/plan.ts';
import { escapeWord, listenPorts } from '../../api/load-balancer/render.ts';
import { lastReload, loadBalancerConditions, serverStatuses } from '../../api/load-balancer/status.ts';
import type { Packages } from '../../drivers/packages.ts';
import type { SshTarget } from '../../drivers/ssh.ts';
import type { Clock } from '../../engine/clock.ts';
import type { JobRun } from '../jobs.ts';
import { observeLoadBalancer, type LoadBalancerExtra, type ObserveDeps } from './observe.ts';
import type { ObjectOf } from '../objects.ts';
import type { PassEvent, Reconciler } from '../reconciler.ts';
import type { LoadBalancerStatus } from '../../api/load-balancer/object.ts';

export interface LoadBalancerDeps extends ObserveDeps {
  readonly packages: Packages;
  readonly clock: Clock;
}

const PACKAGE = 'haproxy';

/** Keeps a guest's HAProxy equal to the manifest and the Nodes. */
export function createLoadBalancerReconciler(
  deps: LoadBalancerDeps,
): Reconciler<'LoadBalancer', LoadBalancerAction, LoadBalancerExtra> {
  return {
    kind: 'LoadBalancer',
    async look(object, { signal, memory = {} }) {
      const extra = await observeLoadBalancer(deps, object, memory.rejected, signal);
      const plan = planLoadBalancer(extra.desired, extra.observed);
      const fields = fieldsOf(deps, object, extra);
      const view = { plan, members: extra.members, servers: fields.servers ?? [] };
      const conditions = loadBalancerConditions(extra.desired, extra.observed, view);
      return { plan, conditions, fields, extra, again: nextLookMs(memory, !isSilent(extra)) };
    },
    remember,
    async execute(action, { extra }, object) {
      try {
        await execute(deps, action, extra, object);
      } catch (error) {
        throw withoutPassword(error, extra.password);
      }
    },
  };
}

function remember(
  memory: LoadBalancerMemory = {},
  event: PassEvent<'LoadBalancer', LoadBalancerAction, LoadBalancerExtra>,
): LoadBalancerMemory {
  if (event.type === 'looked') return silence(memory, isSilent(event.look.extra));
  if (event.type !== 'failed' || reasonOf(event.error) !== 'ConfigRejected') return memory;
  const { sha256 } = event.look.extra.desired;
  return { ...memory, rejected: { sha256, words: toError(event.error).message } };
}

function silence(memory: LoadBalancerMemory, silent: boolean): LoadBalancerMemory {
  if (silent) return { ...memory, silent: (memory.silent ?? 0) + 1 };
  if (memory.silent === undefined) return memory;
  const { silent: _over, ...rest } = memory;
  return rest;
}

function isSilent({ target, observed }: LoadBalancerExtra): boolean {
  return target !== undefined && observed.guest === undefined && observed.installing === undefined;
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
      deps.jobs.start(object.metadata, installJob(deps.packages, target));
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
  return new ReasonedError(error.reason, message, {
    cause: error.cause,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}
