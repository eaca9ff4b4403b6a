import type { LiveEntry, Refusal } from '../ipam/entry.ts';
import type { StatusFields } from '../kinds/define.ts';
import type { JsonSchema } from '../kinds/json-schema.ts';
import { vmhostStates } from '../kinds/vmhost-states.ts';
import type { Allocation, OverlayStatus } from './object.ts';

const entry: Readonly<Record<keyof LiveEntry, JsonSchema>> = {
  node: { type: 'string', description: 'The Node that it is for.' },
  mac: { type: 'string', description: 'MAC address that gets the reserved address.' },
  ip: { type: 'string', description: 'The reserved address.' },
  podCIDR: { type: 'string', description: "Addresses of the Node's pods." },
  hostnames: { type: 'array', items: { type: 'string' }, description: 'Names that mean the address.' },
  live: { type: 'boolean', description: 'The running dnsmasq gives the address and answers the names.' },
  defined: {
    type: 'boolean',
    description:
      "False: the network's definition does not have it yet, and it would be lost at the next start.",
  },
  found: { type: 'boolean', description: 'Others made it, and it is as they made it.' },
};

const refusal: Readonly<Record<keyof Refusal, JsonSchema>> = {
  node: { type: 'string', description: 'The Node that gets nothing new.' },
  reason: { type: 'string', description: 'Why, in a word.' },
  message: { type: 'string', description: 'Why.' },
};

const allocation: Readonly<Record<keyof Allocation, JsonSchema>> = {
  node: { type: 'string', description: 'The Node that has it.' },
  address: { type: 'string', description: 'Its address in the network.' },
  podCIDR: { type: 'string', description: 'Addresses of its pods.' },
};

const overlay: Readonly<Record<keyof OverlayStatus, JsonSchema>> = {
  device: { type: 'string', description: 'The VXLAN device, a port of the bridge.' },
  vni: { type: 'integer', description: 'The VXLAN network identifier.' },
  local: { type: 'string', description: 'Address by which other vmhosts reach this one.' },
  peers: { type: 'integer', description: 'Other vmhosts that frames are sent to.' },
  unreachable: { type: 'integer', description: 'Those of them that are not reached, as far as is known.' },
  guests: { type: 'integer', description: 'Nodes on other vmhosts that it leads to.' },
};

export const networkStatus: StatusFields<'Network'> = {
  bridge: { type: 'string', description: 'The bridge that guests are attached to.' },
  gateway: { type: 'string', description: "The vmhost's address in the network." },
  entries: {
    type: 'array',
    items: { type: 'object', properties: entry },
    description: 'Reserved addresses and their names.',
  },
  refusals: {
    type: 'array',
    items: { type: 'object', properties: refusal },
    description: 'Nodes that get no address, with why.',
  },
  overlay: {
    type: 'object',
    properties: overlay,
    description: 'How it is one network with those of other vmhosts.',
  },
  restartedAt: { type: 'string', description: 'When the daemon last restarted it, RFC 3339.' },
  allocations: {
    type: 'array',
    items: { type: 'object', properties: allocation, required: ['node', 'address'] },
    // Whoever is elected writes all of them, and there are as many as Nodes: as items they would each have an owner.
    'x-kubernetes-list-type': 'atomic',
    description: 'What Nodes were given, once for all vmhosts.',
  },
  vmhosts: vmhostStates,
};
