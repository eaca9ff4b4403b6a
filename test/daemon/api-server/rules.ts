import assert from 'node:assert/strict';
import { overlaps, parseSubnet } from '../../../src/api/ipam/subnet.ts';
import { readLab, readNetwork, readNode } from '../../../src/api/placement/read.ts';
import type { Lab, LabNode, LabVmhost } from '../../../src/api/placement/lab.ts';
import type { FakeApiServer } from '../../kube/fake.ts';

/**
 * What has to hold after each write, whoever wrote, found out in the plainest way.
 * @returns what did not hold: who wrote would take an error for the server's
 */
export function watchRules(server: FakeApiServer): readonly unknown[] {
  const broken: unknown[] = [];
  const bound = new Map<string, string>();
  const held = new Map<string, string>();
  server.onChange((change) => {
    try {
      check(change);
    } catch (error) {
      broken.push(error);
    }
  });

  function check({ kind, type, object }: Parameters<Parameters<FakeApiServer['onChange']>[0]>[0]): void {
    const { name, uid } = object.metadata;
    if (kind === 'Network' && type !== 'Deleted') {
      nothingTwice(server);
      const { allocations } = readNetwork(object);
      const now = new Map(allocations.map((each) => [each.node, each.address]));
      for (const [node, address] of held) {
        const [network = '', owner = ''] = node.split(' ');
        if (network !== name || server.get({ kind: 'Node', name: owner }) === undefined) continue;
        const given = ownAddress(server, owner, name);
        assert.ok(
          now.get(owner) === address || now.get(owner) === given,
          `${owner} lost ${address} on ${name}`,
        );
      }
      for (const key of held.keys()) if (key.startsWith(`${name} `)) held.delete(key);
      for (const [node, address] of now) held.set(`${name} ${node}`, address);
    }
    if (kind !== 'Node') return;
    const node = readNode(object);
    const before = bound.get(uid);
    if (type === 'Deleted') bound.delete(uid);
    if (type === 'Deleted' || node.vmhost === before) return;
    if (node.vmhost === undefined) bound.delete(uid);
    else {
      assert.equal(before, undefined, `${name} was moved`);
      bound.set(uid, node.vmhost);
      assert.equal(
        whyNot(labOn(server), node, node.vmhost),
        undefined,
        `${name} was bound to ${node.vmhost}`,
      );
      for (const { network } of node.asked?.networks ?? [])
        assert.ok(held.has(`${network} ${name}`), `${name} was bound without an address`);
    }
  }
  return broken;
}

function ownAddress(server: FakeApiServer, node: string, network: string): string | undefined {
  const object = server.get({ kind: 'Node', name: node });
  const asked = object === undefined ? undefined : readNode(object).asked;
  return asked?.networks.find((each) => each.network === network)?.address;
}

function nothingTwice(server: FakeApiServer): void {
  const pods = new Map<string, string>();
  for (const object of server.list('Network')) {
    const { name, allocations } = readNetwork(object);
    const addresses = allocations.map(({ address }) => address);
    assert.equal(new Set(addresses).size, addresses.length, `an address twice on ${name}`);
    for (const { node, podCIDR } of allocations) {
      if (podCIDR === undefined) continue;
      for (const [other, cidr] of pods)
        assert.ok(other === node || !overlaps(parseSubnet(cidr), parseSubnet(podCIDR)), `${podCIDR} twice`);
      pods.set(node, podCIDR);
    }
  }
}

export function labOn(server: FakeApiServer): Lab {
  return readLab((kind) => server.list(kind));
}

/** Why the Node may not be there, beside a person's word that may have come since. */
export function whyNot(lab: Lab, node: LabNode, vmhost: string): string | undefined {
  const host = lab.vmhosts.find(({ name }) => name === vmhost);
  const { asked } = node;
  if (host === undefined || asked === undefined) return 'it is not there';
  const there = lab.nodes.filter((each) => each.vmhost === vmhost && each.name !== node.name);
  const memory = there.reduce((sum, each) => sum + (each.asked?.memory ?? 0), asked.memory);
  const cpu = there.reduce((sum, each) => sum + (each.asked?.cpu ?? 0), asked.cpu);
  if (memory > (host.allocatable?.memory ?? 0) || cpu > (host.allocatable?.cpu ?? 0)) return 'it is full';
  if (asked.vmhost !== undefined && asked.vmhost !== vmhost) return 'it is pinned elsewhere';
  const flat = new Set(
    lab.networks.filter((each) => each.asked?.hasOverlay === false).map(({ name }) => name),
  );
  for (const { network } of asked.networks) {
    if (!flat.has(network)) continue;
    const others = lab.nodes.filter(
      (each) =>
        each.name !== node.name &&
        each.vmhost !== undefined &&
        each.asked?.networks.some((attachment) => attachment.network === network),
    );
    if (others.length > 0 && !others.some((each) => each.vmhost === vmhost)) return `${network} is elsewhere`;
  }
  const source = lab.nodes.find(({ name }) => name === asked.disk.cloneOf);
  if (asked.disk.cloneOf !== undefined && source?.vmhost !== vmhost) return 'its source is elsewhere';
  return undefined;
}

/** Whether a vmhost would take it now. */
export function isOpen({ away, drain, unschedulable }: LabVmhost): boolean {
  return !away && !drain && !unschedulable;
}
