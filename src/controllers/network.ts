import { condition, READY, SYNCED } from '../api/conditions.ts';
import { isRemoved, type ConditionInput } from '../api/meta.ts';
import type { LiveEntry, NetworkStatus, Refusal } from '../api/objects.ts';
import type { HostFiles, NetworkAction, Plan } from '../api/plan/action.ts';
import { desireNetwork } from '../api/plan/desire-network.ts';
import { isLive, type ObservedNetwork } from '../api/plan/network-live.ts';
import { planNetwork } from '../api/plan/network.ts';
import type { DesiredNetwork } from '../api/render/network.ts';
import { parseNetwork } from '../api/libvirt/network.ts';
import type { Dnsmasq } from '../drivers/dnsmasq.ts';
import type { Libvirt } from '../drivers/libvirt.ts';
import type { ObjectOf, ObjectStore } from './objects.ts';
import type { Look, Reconciler } from './pass.ts';

export interface NetworkDeps {
  readonly store: ObjectStore;
  readonly libvirt: Libvirt;
  readonly dnsmasq: Dnsmasq;
  /** Nodes that contradict others get nothing new. */
  readonly isCondemned: (node: string) => boolean;
}

type NetworkLook = Look<'Network', NetworkAction, undefined>;

/** The one writer of a libvirt network: its definition, and every reservation and name that Nodes claim in it. */
export function createNetworkReconciler(deps: NetworkDeps): Reconciler<'Network', NetworkAction, undefined> {
  return {
    kind: 'Network',
    async look(object) {
      const observed = await observeNetwork(deps, object.metadata.name);
      const { desired, refusals } = desireNetwork({
        name: object.metadata.name,
        spec: object.spec,
        nodes: await claimants(deps),
        ...(observed.config === undefined ? {} : { config: observed.config.model }),
        keeps: await keeper(deps),
        hostDirs: deps.dnsmasq.hostDirs(object.metadata.name),
      });
      return describe(desired, observed, planNetwork(desired, observed), refusals);
    },
    execute: (action, _look, object) => execute(deps, object, action),
  };
}

/** What libvirt and dnsmasq have of a network. Changes nothing. */
export async function observeNetwork(deps: NetworkDeps, name: string): Promise<ObservedNetwork> {
  const { libvirt, dnsmasq } = deps;
  const listing = (await libvirt.networks()).find((network) => network.name === name);
  const hostFiles = await dnsmasq.readHostFiles(name);
  if (listing === undefined) return { active: false, autostart: false, hostFiles };
  const config = await libvirt.networkXml(name, { inactive: true });
  const live = listing.active ? await libvirt.networkXml(name, { inactive: false }) : undefined;
  return {
    active: listing.active,
    autostart: listing.autostart,
    hostFiles,
    ...(config === undefined ? {} : { config: parseNetwork(config) }),
    ...(live === undefined ? {} : { live: parseNetwork(live) }),
  };
}

async function claimants(deps: NetworkDeps): Promise<{ name: string; spec: ObjectOf<'Node'>['spec'] }[]> {
  return Promise.resolve(
    deps.store
      .list('Node')
      .filter((node) => !deps.isCondemned(node.metadata.name) && !isRemoved(node))
      .map(({ metadata, spec }) => ({ name: metadata.name, spec })),
  );
}

/** A machine that exists keeps its address, whatever became of its manifest. */
async function keeper(deps: NetworkDeps): Promise<(node: string) => boolean> {
  const domains = new Set((await deps.libvirt.domains()).map(({ name }) => name));
  return (node) => domains.has(node) || deps.isCondemned(node);
}

function describe(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  plan: Plan<NetworkAction>,
  refusals: readonly Refusal[],
): NetworkLook {
  const entries = desired.entries.map((entry): LiveEntry => ({ ...entry, live: isLive(entry, observed) }));
  const fields: Omit<NetworkStatus, 'conditions'> = {
    bridge: desired.bridge,
    gateway: desired.gateway,
    entries,
    ...(refusals.length === 0 ? {} : { refusals }),
  };
  return { plan, fields, conditions: conditions(observed, plan, entries, refusals), extra: undefined };
}

function conditions(
  observed: ObservedNetwork,
  plan: Plan<NetworkAction>,
  entries: readonly LiveEntry[],
  refusals: readonly Refusal[],
): ConditionInput[] {
  const { waiting } = plan;
  const defined = observed.config !== undefined;
  const deaf = entries.filter(({ live }) => !live).map(({ node }) => node);
  const steps = [
    condition('Defined', defined ? 'True' : 'False', defined ? 'Defined' : 'NotDefined'),
    condition('Active', observed.active ? 'True' : 'False', observed.active ? 'Active' : 'NotActive'),
    deaf.length === 0
      ? condition('EntriesLive', 'True', 'Live', `${entries.length} reservations and their names are live`)
      : condition('EntriesLive', 'False', 'NotLive', `dnsmasq does not know ${deaf.join(', ')} yet`),
    ...(waiting?.reason === 'RestartRequired'
      ? [condition('RestartRequired', 'True', waiting.reason, waiting.message)]
      : []),
    ...refused(refusals),
  ];
  if (waiting?.reason === 'Conflict') {
    return [readyFalse(waiting), condition(SYNCED, 'False', waiting.reason, waiting.message), ...steps];
  }
  const synced = condition(SYNCED, 'True', 'Reconciled');
  if (!observed.active)
    return [readyFalse({ reason: 'NotActive', message: 'the network is not active' }), synced, ...steps];
  return [condition(READY, 'True', 'Active'), synced, ...steps];
}

function refused(refusals: readonly Refusal[]): ConditionInput[] {
  if (refusals.length === 0) return [];
  const message = refusals.map((refusal) => `${refusal.node}: ${refusal.message}`).join('; ');
  return [condition('ClaimsRefused', 'True', refusals[0]?.reason ?? 'Conflict', message)];
}

function readyFalse({ reason, message }: { reason: string; message: string }): ConditionInput {
  return condition(READY, 'False', reason, message);
}

async function execute(deps: NetworkDeps, object: ObjectOf<'Network'>, action: NetworkAction): Promise<void> {
  const { libvirt, dnsmasq } = deps;
  const network = object.metadata.name;
  switch (action.type) {
    case 'WriteHostFiles':
      await dnsmasq.writeHostFiles(network, mutable(action.files));
      return;
    case 'ReloadDnsmasq':
      await dnsmasq.reload(network);
      return;
    case 'DefineNetwork':
      await libvirt.defineNetwork(action.xml);
      return;
    case 'StartNetwork':
      await libvirt.startNetwork(network);
      return;
    case 'SetNetworkAutostart':
      await libvirt.setNetworkAutostart(network, action.on);
      return;
    case 'UpdateNetwork': {
      const { command, section, xml } = action;
      await libvirt.updateNetwork({ network, command, section, xml, live: true, config: false });
    }
  }
}

function mutable(files: HostFiles): Parameters<Dnsmasq['writeHostFiles']>[1] {
  return {
    reservations: files.reservations.map((reservation) => ({ ...reservation })),
    names: files.names.map(({ ip, hostnames }) => ({ ip, hostnames: [...hostnames] })),
  };
}
