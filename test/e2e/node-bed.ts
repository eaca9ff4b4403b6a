import assert from 'node:assert/strict';
import type { Condition, ObjectOf } from '../../src/api/meta.ts';
import { parseDomain, type DomainModel } from '../../src/api/libvirt/domain.ts';
import type { Vmhost } from '../lab/lab.ts';
import { poll } from '../lab/processes.ts';
import { applyManifests, getObject, untilCondition } from './bed.ts';

export interface NodeFields {
  readonly role?: string;
  readonly address: string;
  readonly mac: string;
  readonly cpus?: number;
  readonly memory?: string;
  readonly size?: string;
  readonly power?: string;
  readonly policy?: string;
}

export function nodeManifest(name: string, fields: NodeFields): string {
  const { role, address, mac, cpus = 1, memory = '192Mi', size = '64Mi' } = fields;
  return `apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: ${name}}
spec:
  ${role === undefined ? '' : `role: ${role}`}
  cpus: ${cpus}
  memory: ${memory}
  power: ${fields.power ?? 'Running'}
  disk: {size: ${size}, image: guest}
  networks: [{network: k8s-net, address: ${address}, mac: "${mac}"}]
  policy: {${fields.policy ?? ''}}
`;
}

export async function applyNodes(lab: Vmhost, nodes: Readonly<Record<string, NodeFields>>): Promise<void> {
  const files = Object.entries(nodes).map(
    ([name, fields]) => [`${name}.yaml`, nodeManifest(name, fields)] as const,
  );
  await applyManifests(lab, files);
}

export async function nodeReady(lab: Vmhost, name: string, seconds = 120): Promise<Condition> {
  return untilCondition(lab, [`node/${name}`, 'Ready'], ({ status }) => status === 'True', seconds);
}

/** Ready and at that address, for the manifest as it is now. */
export async function readyAt(lab: Vmhost, name: string, address: string, seconds = 120): Promise<void> {
  const found = await poll(
    async () => {
      const node = (await getObject(lab, `node/${name}`)) as ObjectOf<'Node'> | undefined;
      const agreed = node?.status.conditions.find(({ type }) => type === 'AddressAgreed');
      const ready = node?.status.conditions.find(({ type }) => type === 'Ready');
      const there = node?.status.address === address && ready?.status === 'True';
      return there && agreed?.message === address ? true : undefined;
    },
    { timeoutMs: seconds * 1000, intervalMs: 300 },
  );
  const last = await getObject(lab, `node/${name}`);
  assert.ok(found, `${name} is not Ready at ${address}: ${JSON.stringify(last?.status, undefined, 1)}`);
}

export async function domain(lab: Vmhost, name: string, { live = false } = {}): Promise<DomainModel> {
  const flags = live ? [] : ['--inactive'];
  return parseDomain(await lab.must(['virsh', 'dumpxml', name, ...flags])).model;
}

/** libvirt's number of a running domain: another one means that it was started anew. */
export async function domainId(lab: Vmhost, name: string): Promise<string> {
  return (await lab.must(['virsh', 'domid', name])).trim();
}

export async function until(what: string, ask: () => Promise<boolean>, seconds = 60): Promise<void> {
  const found = await poll(async () => ((await ask()) ? true : undefined), {
    timeoutMs: seconds * 1000,
    intervalMs: 300,
  });
  assert.ok(found, `not within ${seconds} s: ${what}`);
}

export interface Lease {
  readonly ip: string;
  readonly mac: string;
}

export async function leases(lab: Vmhost): Promise<Lease[]> {
  const text = await lab.must(['cat', '/var/lib/libvirt/dnsmasq/virbr1.status']);
  const found = text.trim() === '' ? [] : (JSON.parse(text) as Record<string, string>[]);
  return found.map((lease) => ({ ip: lease['ip-address'] ?? '', mac: lease['mac-address'] ?? '' }));
}

/** What the network's own DNS answers, which is what guests hear. */
export async function lookup(lab: Vmhost, from: string, name: string): Promise<string[]> {
  const { stdout } = await lab.exec(['ssh', from, `nslookup ${name}`]);
  const [, answer = ''] = stdout.split(/Name:/);
  return [...answer.matchAll(/Address:\s+(\S+)/g)].map(([, address = '']) => address);
}

export async function driftCount(lab: Vmhost, name: string): Promise<number> {
  const text = await lab.must(['curl', '-sf', 'http://127.0.0.1:9811/metrics']);
  return Number(
    new RegExp(`^k8slab_drift_total\\{kind="Node",name="${name}"\\} (\\d+)`, 'm').exec(text)?.[1],
  );
}
