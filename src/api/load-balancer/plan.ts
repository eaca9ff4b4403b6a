import type { LoadBalancerSpec } from './spec.ts';
import { listenPorts, usedPorts } from './render.ts';
import type { Plan, PlannedStep } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { LoadBalancerAction } from './actions.ts';

/** What the guest has of HAProxy. */
export interface ObservedHaproxy {
  readonly installed: boolean;
  readonly version?: string;
  /** haproxy.cfg as it is; undefined: there is none. */
  readonly config?: { readonly sha256: string; readonly access: string };
  /** SHA-256 of what k8slab wrote there last; undefined: it never did. */
  readonly written?: string;
  /** A configuration is being applied there, by a command that nobody waits for any more. */
  readonly busy: boolean;
  /** haproxy.cfg is as its package brought it. */
  readonly pristine: boolean;
  readonly active: boolean;
  readonly enabled: boolean;
  /** TCP ports that are listened on. */
  readonly ports: readonly number[];
  readonly selinux: boolean;
}

export interface DesiredLoadBalancer {
  readonly spec: LoadBalancerSpec;
  /** SHA-256 of haproxy.cfg as it shall be. */
  readonly sha256: string;
}

export interface ObservedLoadBalancer {
  /** What keeps it from being looked at: its Node, the password, the Nodes behind it. */
  readonly blocked?: Waiting;
  /** Undefined while it cannot be looked at. */
  readonly guest?: ObservedHaproxy;
  /** How far the installation has come that is under way. */
  readonly installing?: Waiting;
  /** HAProxy's words about a configuration that it refused. */
  readonly rejected?: { readonly sha256: string; readonly words: string };
}

/** Owner, group and mode of haproxy.cfg, which has a password in it. */
export const CONFIG_ACCESS = 'root:root 600';

/** Brings the HAProxy of a guest to the configuration: installs, writes, enables, starts; each only where it lacks. */
export function planLoadBalancer(
  desired: DesiredLoadBalancer,
  observed: ObservedLoadBalancer,
): Plan<LoadBalancerAction> {
  const { blocked, guest, installing, rejected } = observed;
  if (installing !== undefined) return { actions: [], waiting: installing, later: AFTER_INSTALL };
  if (blocked !== undefined) return { actions: [], waiting: blocked };
  if (guest === undefined) return { actions: [] };
  if (!guest.installed) {
    const reason = 'the guest has no HAProxy';
    return { actions: [step('none', reason, { type: 'InstallHAProxy' })], later: AFTER_INSTALL };
  }
  const left = busy(guest) ?? foreign(desired, guest) ?? drifted(desired, guest);
  if (left !== undefined) return { actions: [], waiting: left };
  const refusal = refused(desired, guest, rejected);
  const service = planService(desired, guest);
  // The configuration from before goes on being served.
  if (refusal !== undefined) return { actions: service.filter(({ drift }) => drift), waiting: refusal };
  const config = planConfig(desired, guest);
  // A configuration that is applied is started or reloaded with it.
  const rest = config.length === 0 ? service : service.filter(({ type }) => type === 'EnableHAProxy');
  return { actions: [...config, ...rest] };
}

const AFTER_INSTALL: readonly PlannedStep[] = [
  { type: 'ApplyConfig', disruption: 'none', reason: 'haproxy.cfg does not say what the Nodes are' },
];

function busy(guest: ObservedHaproxy): Waiting | undefined {
  if (!guest.busy) return undefined;
  return { reason: 'Applying', message: 'a configuration is being applied, which takes its time' };
}

/** A configuration that somebody else made. */
function foreign({ spec }: DesiredLoadBalancer, guest: ObservedHaproxy): Waiting | undefined {
  const { config, written, pristine } = guest;
  if (config === undefined || written !== undefined || pristine || spec.policy.adopt) return undefined;
  const message =
    'the guest has an haproxy.cfg that k8slab did not write; move it away, or set policy.adopt to replace it';
  return { reason: 'ForeignFile', message };
}

function drifted({ spec }: DesiredLoadBalancer, guest: ObservedHaproxy): Waiting | undefined {
  const [first] = drifts(guest);
  if (first === undefined || spec.policy.drift === 'Repair') return undefined;
  return { reason: 'Drifted', message: `${first}, and policy.drift is Report` };
}

/** What others changed since k8slab configured it. */
function drifts(guest: ObservedHaproxy): string[] {
  if (guest.written === undefined) return [];
  return [
    ...configDrifts(guest),
    ...(guest.enabled ? [] : ['HAProxy was disabled']),
    ...(guest.active ? [] : ['HAProxy was stopped']),
  ];
}

function configDrifts({ config, written }: ObservedHaproxy): string[] {
  if (written === undefined) return [];
  if (config === undefined) return ['haproxy.cfg was removed'];
  if (config.sha256 !== written) return ['haproxy.cfg was changed by hand'];
  if (config.access === CONFIG_ACCESS) return [];
  return [`haproxy.cfg is ${config.access} instead of ${CONFIG_ACCESS}`];
}

function refused(
  desired: DesiredLoadBalancer,
  { config }: ObservedHaproxy,
  rejected: ObservedLoadBalancer['rejected'],
): Waiting | undefined {
  if (rejected?.sha256 !== desired.sha256 || config?.sha256 === desired.sha256) return undefined;
  return { reason: 'ConfigRejected', message: rejected.words };
}

function planConfig(desired: DesiredLoadBalancer, guest: ObservedHaproxy): LoadBalancerAction[] {
  const { config, written } = guest;
  const right = config?.sha256 === desired.sha256 && config.access === CONFIG_ACCESS;
  if (right && written === desired.sha256) return [];
  const [drift] = configDrifts(guest);
  const reason = drift ?? 'haproxy.cfg does not say what the manifest and the Nodes are';
  const apply: LoadBalancerAction = step('none', reason, {
    type: 'ApplyConfig',
    sha256: desired.sha256,
    ...isDrift(drift !== undefined),
  });
  if (!guest.selinux) return [apply];
  const label = { type: 'LabelPorts' as const, ports: usedPorts(desired.spec) };
  return [step('none', 'SELinux lets HAProxy use only ports that it knows', label), apply];
}

/** Ports that HAProxy shall listen on and does not. */
export function deafPorts({ spec }: DesiredLoadBalancer, guest: ObservedHaproxy): number[] {
  const listened = new Set(guest.ports);
  return listenPorts(spec).filter((port) => !listened.has(port));
}

function planService(desired: DesiredLoadBalancer, guest: ObservedHaproxy): LoadBalancerAction[] {
  const drift = isDrift(guest.written !== undefined);
  const enable = { type: 'EnableHAProxy' as const, ...drift };
  const actions: LoadBalancerAction[] = guest.enabled
    ? []
    : [step('none', 'HAProxy does not start when the guest boots', enable)];
  if (!guest.active) {
    return [...actions, step('none', 'HAProxy does not run', { type: 'StartHAProxy', ...drift })];
  }
  const deaf = deafPorts(desired, guest);
  if (deaf.length === 0) return actions;
  const reason = `HAProxy does not listen on ${deaf.join(', ')}`;
  return [...actions, step('none', reason, { type: 'ReloadHAProxy' })];
}

function isDrift(drift: boolean): { readonly drift?: true } {
  return drift ? { drift } : {};
}
