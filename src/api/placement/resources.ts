import type { Lab, LabNode, Resources } from './lab.ts';

const NOTHING: Resources = { cpu: 0, memory: 0, storage: 0 };

/** What a Node asks of its vmhost. */
export type Requests = (node: LabNode) => Resources;

/** A disk whose size is left out is as large as what it comes from; a disk of others takes no new room. */
export function createRequests({ nodes, images }: Pick<Lab, 'nodes' | 'images'>): Requests {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const imageSizes = new Map(images.map(({ name, virtualSize = 0 }) => [name, virtualSize]));

  function diskSize({ asked }: LabNode, walked: readonly string[]): number {
    if (asked === undefined || asked.adopts) return 0;
    const { size, image, cloneOf, path } = asked.disk;
    if (path !== undefined) return 0;
    if (size !== undefined) return size;
    const source = cloneOf === undefined || walked.includes(cloneOf) ? undefined : byName.get(cloneOf);
    if (source !== undefined) return diskSize(source, [...walked, source.name]);
    return imageSizes.get(image ?? '') ?? 0;
  }

  return (node) => {
    if (node.asked === undefined) return NOTHING;
    const { cpu, memory } = node.asked;
    return { cpu, memory, storage: diskSize(node, [node.name]) };
  };
}

export function minus(a: Resources, b: Resources): Resources {
  return { cpu: a.cpu - b.cpu, memory: a.memory - b.memory, storage: a.storage - b.storage };
}

export function plus(a: Resources, b: Resources): Resources {
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory, storage: a.storage + b.storage };
}

export function fits(need: Resources, free: Resources): boolean {
  return need.cpu <= free.cpu && need.memory <= free.memory && need.storage <= free.storage;
}

/** The share of the scarcest of them that is left; 1: all of it. */
export function leftOver(free: Resources, all: Resources): number {
  const share = (key: keyof Resources): number =>
    all[key] === Infinity ? 1 : all[key] <= 0 ? 0 : free[key] / all[key];
  return Math.min(share('cpu'), share('memory'), share('storage'));
}
