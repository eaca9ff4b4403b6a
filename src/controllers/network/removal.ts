import { isElsewhere, isOrphan } from '../../api/meta.ts';
import type { NetworkAction, NetworkRemovalAction } from '../../api/network/actions.ts';
import { liveEntries } from '../../api/network/liveness.ts';
import type { ObservedNetwork } from '../../api/network/observed.ts';
import { planNetworkRemoval } from '../../api/network/plan-removal.ts';
import { timestamp } from '../../engine/clock.ts';
import { observeNetwork } from './observe.ts';
import { rememberNetwork, type NetworkExtra } from './remember.ts';
import { changeOverlay } from './overlay.ts';
import type { NetworkDeps } from './reconciler.ts';
import type { ObjectOf } from '../objects.ts';
import type { Look, LookContext, Reconciler } from '../reconciler.ts';
import { removalConditions } from '../removal.ts';
import type { LiveEntry } from '../../api/ipam/entry.ts';
import type { NetworkStatus } from '../../api/network/object.ts';

type Action = NetworkAction | NetworkRemovalAction;

/** Takes a network away whose manifest is gone. Until nobody uses it any more, it is kept as it was wanted. */
export function createNetworkRemoval(
  deps: NetworkDeps,
  living: Reconciler<'Network', NetworkAction, NetworkExtra>,
): Reconciler<'Network', Action, NetworkExtra> {
  return {
    kind: 'Network',
    async look(object, context) {
      const { name } = object.metadata;
      const observed = await observeNetwork(deps, object);
      const domains = new Set((await deps.view.domains()).map((domain) => domain.name));
      const plan = planNetworkRemoval({
        name,
        active: observed.active,
        ...(observed.config === undefined ? {} : { config: observed.config }),
        ...(observed.live === undefined ? {} : { live: observed.live.model }),
        hostDirs: deps.dnsmasq.hostDirs(name),
        hostFiles: await deps.dnsmasq.hasHostFiles(name),
        users: await users(deps, object, observed),
        exists: (node) => domains.has(node),
        ...(observed.overlay === undefined ? {} : { overlay: observed.overlay }),
      });
      const look = {
        plan,
        conditions: removalConditions(plan),
        fields: fields(object, observed),
        extra: undefined,
      };
      // Of an orphan nobody knows how it was wanted.
      if (plan.waiting === undefined || isOrphan(object)) return look;
      return { ...look, ...(await keep(living, object, context, plan)) };
    },
    remember: (memory, event) => rememberNetwork(memory, event, timestamp(deps.clock.now())),
    async execute(action, look, object, signal) {
      const { libvirt, dnsmasq } = deps;
      const { name } = object.metadata;
      switch (action.type) {
        case 'RemoveOverlay':
          return changeOverlay(deps, action);
        case 'DestroyNetwork':
          return libvirt.destroyNetwork(name);
        case 'RemoveHostFiles':
          return dnsmasq.removeHostFiles(name);
        case 'UndefineNetwork':
          return libvirt.undefineNetwork(name);
        case 'ReleaseNetwork':
          return libvirt.defineNetwork(action.xml);
        default:
          return living.execute(action, look as Look<'Network', NetworkAction, NetworkExtra>, object, signal);
      }
    },
  };
}

/** Names and reservations of machines that are gone go, those of the others stay. */
async function keep(
  living: Reconciler<'Network', NetworkAction, NetworkExtra>,
  object: ObjectOf<'Network'>,
  context: LookContext<'Network'>,
  { waiting, later }: ReturnType<typeof planNetworkRemoval>,
): Promise<Pick<Look<'Network', Action, NetworkExtra>, 'plan' | 'fields'>> {
  const { plan, fields } = await living.look(object, context);
  return {
    fields,
    plan: {
      actions: plan.actions,
      ...(waiting === undefined ? {} : { waiting }),
      ...(later === undefined ? {} : { later }),
    },
  };
}

/** As they are defined and as they run. libvirt's own count of connections forgets guests. */
async function users(
  { store, view }: NetworkDeps,
  { metadata: { name } }: ObjectOf<'Network'>,
  { config, live }: ObservedNetwork,
): Promise<string[]> {
  const bridges = [config, live].flatMap((document) => document?.model.bridge?.name ?? []);
  const { usersOf, unreadable } = await view.survey();
  const using = new Set([...usersOf({ network: name, bridges }), ...unreadable.map((each) => each.name)]);
  // A Node without a domain yet is about to be made.
  const nodes = store
    .list('Node')
    .filter(
      (node) =>
        !isElsewhere(node) &&
        !using.has(node.metadata.name) &&
        node.spec.networks.some((nic) => nic.network === name),
    )
    .map(({ metadata }) => metadata.name);
  return [...[...using].map((domain) => `domain "${domain}"`), ...nodes.map((node) => `Node "${node}"`)];
}

/** What was known of it stays in sight; of an orphan, what its mark tells. */
function fields(
  { status }: ObjectOf<'Network'>,
  observed: ObservedNetwork,
): Omit<NetworkStatus, 'conditions'> {
  const { model } = observed.config ?? {};
  const isLive = liveEntries(observed);
  const entries = model?.mark?.entries.map((entry): LiveEntry => ({ ...entry, live: isLive(entry) }));
  return {
    ...status,
    ...(model?.bridge?.name === undefined ? {} : { bridge: model.bridge.name }),
    ...(model?.ip === undefined ? {} : { gateway: model.ip.address }),
    ...(entries === undefined ? {} : { entries }),
  };
}
