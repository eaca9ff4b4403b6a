import { condition, mergeConditions } from '../../../src/api/conditions.ts';
import { imageSpec } from '../../../src/api/image/spec.ts';
import { networkSpec } from '../../../src/api/network/spec.ts';
import { nodeSpec, type NodeSpec } from '../../../src/api/node/spec.ts';
import { parseDomain } from '../../../src/api/libvirt/domain.ts';
import { API_VERSION, type ConditionInput } from '../../../src/api/meta.ts';
import type { DesiredNode, DomainState, ObservedNode } from '../../../src/api/node/plan.ts';
import type { DesiredDefinition } from '../../../src/api/node/render-domain-over.ts';
import { fixture } from '../libvirt/fixtures.ts';
import type { ObjectOf } from '../../../src/api/meta.ts';
import type { LiveEntry } from '../../../src/api/ipam/entry.ts';

export const MAC = '52:54:00:5e:53:fb';
/** What the fixture domain's guest was told at its first boot. */
export const TOLD = parseDomain(fixture('domain-inactive')).model.mark?.cloudInit ?? '';
/** As the fixture domain is defined. */
export const definition: DesiredDefinition = {
  type: 'qemu',
  cpus: 1,
  memory: 512 * 1024 ** 2,
  interfaces: [{ network: 'k8s-net', mac: MAC }],
  reclaim: 'Retain',
};

const CREATED = '2026-01-01T00:00:00Z';

function metadata(name: string): ObjectOf<'Node'>['metadata'] {
  return { name, uid: `uid-${name}`, generation: 1, resourceVersion: '1', creationTimestamp: CREATED };
}

function conditionsOf(found: readonly ConditionInput[]): ObjectOf<'Node'>['status']['conditions'] {
  return mergeConditions([], found, CREATED, 1);
}

export function spec(fields: Record<string, unknown> = {}): NodeSpec {
  const networks = [{ network: 'k8s-net', mac: MAC }];
  return nodeSpec.parse({ disk: { image: 'debian' }, networks, ...fields });
}

export function node(
  name: string,
  fields: Record<string, unknown> = {},
  status: Omit<ObjectOf<'Node'>['status'], 'conditions'> & { conditions?: readonly ConditionInput[] } = {},
): ObjectOf<'Node'> {
  const conditions = conditionsOf(status.conditions ?? []);
  return {
    apiVersion: API_VERSION,
    kind: 'Node',
    metadata: metadata(name),
    spec: spec(fields),
    status: { ...status, conditions },
  };
}

export function image(
  name: string,
  status: Omit<ObjectOf<'Image'>['status'], 'conditions'>,
  conditions: readonly ConditionInput[],
): ObjectOf<'Image'> {
  const parsed = imageSpec.parse({ source: '/srv/debian.qcow2' });
  return {
    apiVersion: API_VERSION,
    kind: 'Image',
    metadata: metadata(name),
    spec: parsed,
    status: { ...status, conditions: conditionsOf(conditions) },
  };
}

export function network(
  name: string,
  status: Omit<ObjectOf<'Network'>['status'], 'conditions'>,
  conditions: readonly ConditionInput[] = [condition('Ready', 'True', 'Active')],
): ObjectOf<'Network'> {
  const parsed = networkSpec.parse({ cidr: '192.168.111.0/24' });
  return {
    apiVersion: API_VERSION,
    kind: 'Network',
    metadata: metadata(name),
    spec: parsed,
    status: { ...status, conditions: conditionsOf(conditions) },
  };
}

export const entry: LiveEntry = {
  node: 'master00',
  mac: '52:54:00:5e:53:fb',
  ip: '192.168.111.150',
  hostnames: ['master00.k8s-thw.local'],
  live: true,
};

export const desired: DesiredNode = {
  name: 'master00',
  spec: spec(),
  cloudInitHash: TOLD,
  stopSeconds: 120,
};

/** A world in which nothing stands in the way of making the guest. */
export const nothing: ObservedNode = {
  networks: { state: 'ready' },
  host: { state: 'ready' },
  source: {
    state: 'ready',
    disk: { from: 'image', image: 'debian', path: '/images/debian.qcow2', format: 'qcow2' },
  },
  disk: { path: '/disks/master00.qcow2', exists: false, ours: false, whole: false },
  bootSlot: true,
  startBackoffSeconds: 0,
  ran: false,
  addresses: [],
  peers: [],
};

/** The guest of libvirt 9.0's own printing, in that state. */
export function guest(state: DomainState, edit: (xml: string) => string = (xml) => xml): ObservedNode {
  const config = parseDomain(edit(fixture('domain-inactive')));
  return {
    ...nothing,
    disk: { path: config.model.disks[0]?.file ?? '', exists: true, ours: true, whole: true },
    domain: { state, config, autostart: true },
  };
}

/** As a guest that shall be off is once libvirt no longer starts it with the vmhost. */
export function unstarted(observed: ObservedNode): ObservedNode {
  if (observed.domain === undefined) return observed;
  const domain = { ...observed.domain };
  delete domain.autostart;
  return { ...observed, domain };
}
