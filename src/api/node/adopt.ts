import type { DomainDocument } from '../libvirt/domain.ts';
import type { DomainMark } from '../ownership/mark.ts';
import { attachmentMac } from '../ipam/names.ts';
import type { NodeSpec } from './spec.ts';
import type { DomainState } from './plan.ts';
import { formatBytes } from '../quantity.ts';
import { attribute, first, textOf, type XmlElement } from '../xml.ts';
import type { Named } from '../ownership/named.ts';

/** What a domain is told to be, as a Node's manifest says it. */
export interface DomainSizes {
  readonly cpus?: number;
  readonly memory?: string;
  readonly power: NodeSpec['power'];
}

/** Whether others made the guest: it got no seed, no key of k8slab's and no host key. */
export function isAdopted(spec: NodeSpec, domain: DomainDocument | undefined): boolean {
  const mark = domain?.model.mark;
  return mark === undefined ? spec.policy.adopt : mark.adopted === true;
}

/** The spec of a Node that takes a domain over: what its manifest does not name is as libvirt has it. */
export function adoptedNodeSpec(
  spec: NodeSpec,
  named: Named,
  domain: { readonly state: DomainState; readonly config: DomainDocument } | undefined,
): NodeSpec {
  if (domain === undefined || !spec.policy.adopt || !isAdopted(spec, domain.config)) return spec;
  const { cpus = spec.cpus, memory = spec.memory, power } = domainSizes(domain.config.root, domain.state);
  return {
    ...spec,
    cpus: named('cpus') ? spec.cpus : cpus,
    memory: named('memory') ? spec.memory : memory,
    power: named('power') ? spec.power : power,
  };
}

/** A domain of others, seen as one of ours: with the mark that it gets with the first change. */
export function takeOverDomain<D extends { readonly config: DomainDocument }>(
  { name, spec }: { readonly name: string; readonly spec: NodeSpec },
  domain: D,
): D & { readonly adopting?: true } {
  const { config } = domain;
  if (!spec.policy.adopt || config.model.mark !== undefined) return domain;
  const macs = spec.networks.map((attachment) => attachmentMac(name, attachment));
  const { reclaim } = spec.policy;
  const mark: DomainMark = { kind: 'Node', name, adopted: true, reclaim, cloudInit: '', hostKey: '', macs };
  return { ...domain, adopting: true, config: { ...config, model: { ...config.model, mark } } };
}

/** The key that the guest shows: the one it was given, or the one that the manifest pins for a guest of others. */
export function hostKeyOf(spec: NodeSpec, domain: DomainDocument | undefined): string | undefined {
  if (domain === undefined) return undefined;
  return isAdopted(spec, domain) ? spec.ssh.hostKey : domain.model.mark?.hostKey;
}

export function domainSizes(root: XmlElement, state: DomainState): DomainSizes {
  const cpus = Number(textOf(first(root, 'vcpu')));
  const bytes = memoryBytes(first(root, 'memory'));
  return {
    ...(cpus >= 1 ? { cpus } : {}),
    ...(bytes === undefined ? {} : { memory: formatBytes(bytes) }),
    power: state === 'shutoff' || state === 'crashed' ? 'Stopped' : 'Running',
  };
}

/** Factors of the units that libvirt prints; it takes more of them, and prints KiB. */
const UNITS: Readonly<Record<string, number>> = { b: 1, bytes: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function memoryBytes(memory: XmlElement | undefined): number | undefined {
  const bytes = Number(textOf(memory)) * (UNITS[attribute(memory, 'unit') ?? 'KiB'] ?? Number.NaN);
  return bytes > 0 ? bytes : undefined;
}
