import { entryOf } from '../../api/ipam/by-node.ts';
import { attachmentMac } from '../../api/ipam/names.ts';
import type { NodeRemovalAction } from '../../api/node/actions.ts';
import { arrived, recall, stopped, stopping, turnDone, type NodeMemory } from '../../api/node/memory.ts';
import { planNodeRemoval, type RemovedNode } from '../../api/node/plan-removal.ts';
import { entryStatus } from '../../api/node/status.ts';
import { diskUsers } from '../disk-users.ts';
import { releaseLease } from './execute.ts';
import type { NodeDeps } from './deps.ts';
import type { ObjectOf } from '../objects.ts';
import type { Look, PassEvent, Reconciler } from '../reconciler.ts';
import { removalConditions } from '../removal.ts';
import type { NodeStatus } from '../../api/node/object.ts';

export interface NodeRemovalDeps extends NodeDeps {
  readonly hostKeys: {
    has(node: string): Promise<boolean>;
    remove(node: string): Promise<void>;
  };
}

/** How soon to look again at a guest that was asked to shut down; libvirt tells when it has. */
const STOPPING_MS = 2000;

/** Takes a guest away whose manifest is gone. */
export function createNodeRemoval(deps: NodeRemovalDeps): Reconciler<'Node', NodeRemovalAction, undefined> {
  return {
    kind: 'Node',
    async look(object, { memory = {} }) {
      const observed = await observe(deps, object, memory);
      const plan = planNodeRemoval(observed);
      return {
        plan,
        conditions: removalConditions(plan),
        fields: fields(deps, object, observed),
        extra: undefined,
        ...(plan.waiting?.reason === 'ShuttingDown' ? { again: STOPPING_MS } : {}),
      };
    },
    remember: (memory, event) => remember(memory, event, deps.clock.monotonic()),
    execute: (action, _look, object) => execute(deps, action, object),
  };
}

async function observe(
  deps: NodeRemovalDeps,
  object: ObjectOf<'Node'>,
  memory: NodeMemory,
): Promise<RemovedNode> {
  const { name } = object.metadata;
  const { reclaim } = object.spec.policy;
  const domain = await deps.view.domain(name);
  const disk = await deps.disks.observe(name);
  const users = reclaim === 'Delete' && disk.exists ? await diskUsers(deps) : undefined;
  const { stoppingSeconds, downSeconds } = recall(memory, deps.clock.monotonic());
  const copiedTo = deps.jobs.readerOf(name);
  return {
    name,
    reclaim,
    ...(domain === undefined ? {} : { domain: { state: domain.state, config: domain.config } }),
    disk: { ...disk, users: (await users?.(disk.path, { except: name })) ?? [] },
    saved: domain?.state === 'shutoff' && (await deps.libvirt.hasManagedSave(name)),
    leases: await leases(deps, object),
    seed: await deps.seeds.has(name),
    hostKey: await deps.hostKeys.has(name),
    copying: deps.jobs.runs(name),
    leftover: await deps.disks.hasTemp(name),
    ...(copiedTo === undefined ? {} : { copiedTo }),
    ...(stoppingSeconds === undefined ? {} : { stoppingSeconds }),
    ...(downSeconds === undefined ? {} : { downSeconds }),
    stopSeconds: deps.stopSeconds,
  };
}

async function leases(
  { dnsmasq, view }: NodeRemovalDeps,
  { metadata, spec }: ObjectOf<'Node'>,
): Promise<RemovedNode['leases']> {
  const found = spec.networks.map(async (attachment) => {
    // As it runs: what its Network's status says may not have been looked at yet.
    const bridge = (await view.network(attachment.network))?.live?.model.bridge?.name;
    const mac = attachmentMac(metadata.name, attachment);
    const held = bridge === undefined ? [] : (await dnsmasq.leaseTable(bridge)).ofMac(mac);
    return held.map(({ ip, clientId }) => ({
      network: attachment.network,
      lease: { ip, mac, ...(clientId === undefined ? {} : { clientId }) },
    }));
  });
  return (await Promise.all(found)).flat();
}

const STOPS: ReadonlySet<string> = new Set(['ShutdownDomain', 'DestroyDomain', 'RestoreDomain']);

function remember(
  memory: NodeMemory = {},
  event: PassEvent<'Node', NodeRemovalAction, undefined>,
  now: number,
): NodeMemory {
  if (event.type === 'executed' && event.action.type === 'ShutdownDomain') return stopping(memory, now);
  if (event.type !== 'looked') return memory;
  const { actions, waiting } = event.look.plan;
  const on = waiting !== undefined || actions.some(({ type }) => STOPS.has(type));
  return on ? turnDone(memory) : stopped(arrived(turnDone(memory)));
}

/** What was known of it stays in sight; of an orphan, what its network and its mark tell. */
function fields(
  deps: NodeRemovalDeps,
  object: ObjectOf<'Node'>,
  { domain, disk }: RemovedNode,
): Look<'Node', NodeRemovalAction, undefined>['fields'] {
  const { mark, type } = domain?.config.model ?? {};
  return {
    ...entryFields(deps, object),
    ...(mark === undefined || mark.hostKey === '' ? {} : { sshHostKey: mark.hostKey }),
    ...(type === undefined ? {} : { domainType: type }),
    ...(disk.exists ? { disk: disk.path } : {}),
    ...object.status,
    ...(domain === undefined ? {} : { state: domain.state }),
  };
}

function entryFields(deps: NodeRemovalDeps, { metadata, spec }: ObjectOf<'Node'>): Partial<NodeStatus> {
  const network = deps.store.get('Network', spec.networks[0]?.network ?? '');
  const entry = entryOf(network?.status.entries, metadata.name);
  return entry === undefined ? {} : entryStatus(entry);
}

async function execute(
  deps: NodeRemovalDeps,
  action: NodeRemovalAction,
  { metadata: { name }, spec }: ObjectOf<'Node'>,
): Promise<void> {
  const { libvirt } = deps;
  switch (action.type) {
    case 'AbortCopy':
      await deps.jobs.abort(name);
      return;
    case 'DiscardCopy':
      return deps.disks.discardTemp(name);
    case 'RestoreDomain':
      await libvirt.startDomain(name);
      return;
    case 'ShutdownDomain':
      await libvirt.shutdownDomain(name);
      return;
    case 'DestroyDomain':
      await libvirt.destroyDomain(name);
      return;
    case 'ReleaseLease':
      return releaseLease(deps, action);
    case 'RemoveSeed':
      await deps.seeds.remove(name);
      return;
    case 'RemoveHostKey':
      await deps.hostKeys.remove(name);
      return;
    case 'DeleteDisk':
      await deps.disks.remove(name);
      return;
    case 'UndefineDomain': {
      const nvram = spec.policy.reclaim === 'Delete';
      await libvirt.undefineDomain(name, { nvram, managedSave: true, snapshotsMetadata: true });
      return;
    }
    case 'ReleaseDomain':
      await libvirt.defineDomain(action.xml);
  }
}
