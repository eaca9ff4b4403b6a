import { ReasonedError } from '../../api/errors.ts';
import type { NodeAction } from '../../api/node/actions.ts';
import { hostKeyOf } from '../../api/node/adopt.ts';
import { renewLeaseCommand } from '../../api/node/renew-lease.ts';
import { createDisk, defineDomain } from './make.ts';
import { writeSeed } from './seed.ts';
import type { NodeDeps, NodeExtra } from './deps.ts';
import type { ObjectOf } from '../objects.ts';

/** Long enough for a DHCP client to notice that its link was gone. */
const LINK_DOWN_MS = 4000;
const RENEW_DEADLINE_MS = 10_000;

/** Does one action of a Node's plan. */
export async function executeNode(
  deps: NodeDeps,
  action: NodeAction,
  extra: NodeExtra,
  object: ObjectOf<'Node'>,
): Promise<void> {
  const { name } = object.metadata;
  const { libvirt } = deps;
  switch (action.type) {
    case 'CreateDisk':
      return createDisk(deps, object, action);
    case 'GrowDisk':
      if (action.target === undefined) return deps.disks.grow(name, action.size);
      return libvirt.growDisk(name, action.target, action.size);
    case 'DiscardCopy':
      return deps.disks.discardTemp(name);
    case 'WriteSeed':
      return writeSeed(deps, needed(name, extra.desire.cloudInit), extra.observed);
    case 'DefineDomain':
      return define(deps, action, extra, object);
    case 'SetDomainAutostart':
      return libvirt.setDomainAutostart(name, action.on);
    case 'StartDomain':
      return libvirt.startDomain(name);
    case 'ShutdownDomain':
      return libvirt.shutdownDomain(name);
    case 'DestroyDomain':
      return libvirt.destroyDomain(name);
    case 'RaiseLink':
      return libvirt.setLink(name, action.mac, 'up');
    case 'ReleaseLease':
      return releaseLease(deps, action);
    case 'RenewLease':
      return renewLease(deps, action, extra, object);
    case 'CycleLink':
      return cycleLink(deps, action.mac, name);
  }
}

async function define(
  deps: NodeDeps,
  { xml, autostart }: Extract<NodeAction, { type: 'DefineDomain' }>,
  { desire, observed }: NodeExtra,
  { metadata: { name }, spec }: ObjectOf<'Node'>,
): Promise<void> {
  if (xml !== undefined) await deps.libvirt.defineDomain(xml);
  else {
    const definition = needed(name, desire.desired.definition);
    const disk = { disk: observed.disk, ownDisk: spec.disk.path === undefined };
    await defineDomain(deps, needed(name, desire.cloudInit), definition, disk);
  }
  if (autostart !== undefined) await deps.libvirt.setDomainAutostart(name, autostart);
}

export async function releaseLease(
  deps: Pick<NodeDeps, 'view' | 'dnsmasq'>,
  { network, lease }: Extract<NodeAction, { type: 'ReleaseLease' }>,
): Promise<void> {
  const server = (await deps.view.network(network))?.live?.model.ip?.address;
  if (server !== undefined) await deps.dnsmasq.release({ server, ...lease });
}

async function renewLease(
  deps: NodeDeps,
  { mac, at }: Extract<NodeAction, { type: 'RenewLease' }>,
  { observed }: NodeExtra,
  object: ObjectOf<'Node'>,
): Promise<void> {
  const { name } = object.metadata;
  const hostKeys = [hostKeyOf(object.spec, observed.domain?.config) ?? ''];
  const target = { address: at, user: object.spec.ssh.user, hostKeys };
  const answer = await deps.ssh.exec(target, renewLeaseCommand(mac), { deadlineMs: RENEW_DEADLINE_MS });
  if (answer.code === 0) return;
  const why = answer.stderr.trim() === '' ? `exit code ${answer.code}` : answer.stderr.trim();
  throw new ReasonedError('RenewFailed', `cannot renew the lease of Node "${name}": ${why}`);
}

async function cycleLink(deps: NodeDeps, mac: string, name: string): Promise<void> {
  await deps.libvirt.setLink(name, mac, 'down');
  try {
    await deps.clock.sleep(LINK_DOWN_MS, new AbortController().signal);
  } finally {
    await deps.libvirt.setLink(name, mac, 'up');
  }
}

function needed<T>(name: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new ReasonedError(
    'NetworkNotReady',
    `cannot make Node "${name}": its networks have not named it yet`,
  );
}
