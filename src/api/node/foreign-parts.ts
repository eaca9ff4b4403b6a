import type { DomainDocument } from '../libvirt/domain.ts';
import { bytesOfMebibytes, mebibytes } from '../quantity.ts';
import { first, type XmlElement } from '../xml.ts';
import type { DesiredNode } from './observed.ts';

/** What of the manifest cannot be written into a definition without contradicting a part of it that is not k8slab's. */
export interface ForeignParts {
  /** As it can be written: what is refused is as it was found. */
  readonly desired: DesiredNode;
  readonly refused: readonly string[];
}

type Parts = Readonly<Record<string, (root: XmlElement) => XmlElement | undefined>>;

function topology(root: XmlElement): XmlElement | undefined {
  return first(first(root, 'cpu'), 'topology');
}

function numa(root: XmlElement): XmlElement | undefined {
  return first(first(root, 'cpu'), 'numa');
}

/** Each says how many CPUs there are, too; libvirt refuses a definition in which the numbers differ. */
const CPU_PARTS: Parts = {
  '<topology>': topology,
  '<numa>': numa,
  '<vcpus>': (root) => first(root, 'vcpus'),
};
/** libvirt adds the memory up from these, or holds it against them. */
const MEMORY_PARTS: Parts = {
  '<numa>': numa,
  '<maxMemory>': (root) => first(root, 'maxMemory'),
  'a <memory> device': (root) => first(first(root, 'devices'), 'memory'),
};

/** Holds back the fields that others' parts of the definition decide. */
export function withinForeignParts(desired: DesiredNode, config: DomainDocument): ForeignParts {
  const { definition } = desired;
  if (definition === undefined) return { desired, refused: [] };
  const { root, model } = config;
  const cpus = model.cpus.count === definition.cpus ? [] : partsIn(root, CPU_PARTS);
  const sameMemory = model.memory === mebibytes(definition.memory);
  const memory = sameMemory ? [] : partsIn(root, MEMORY_PARTS);
  const kept = {
    ...definition,
    ...(cpus.length === 0 ? {} : { cpus: model.cpus.count }),
    ...(memory.length === 0 ? {} : { memory: bytesOfMebibytes(model.memory) }),
  };
  const refused = [
    ...refusal('cpus', `${model.cpus.count}`, cpus),
    ...refusal('memory', `${model.memory}Mi`, memory),
  ];
  return refused.length === 0 ? { desired, refused } : { desired: { ...desired, definition: kept }, refused };
}

function partsIn(root: XmlElement, parts: Parts): string[] {
  return Object.keys(parts).filter((name) => parts[name]?.(root) !== undefined);
}

function refusal(field: string, found: string, parts: readonly string[]): string[] {
  return parts.length === 0
    ? []
    : [`${field} stays ${found}, since the definition has ${parts.join(' and ')}`];
}
