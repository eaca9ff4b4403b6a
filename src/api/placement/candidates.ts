import type { LabNode } from './lab.ts';

/**
 * The Nodes that wait for a vmhost, in the order of their turns: who has the least choice first, what a clone stands on before
 * it, the large ones before the small ones.
 */
export function candidateOrder(nodes: readonly LabNode[]): readonly LabNode[] {
  const depth = sourceDepths(nodes);
  return nodes
    .filter(({ vmhost, isRemoved }) => vmhost === undefined && !isRemoved)
    .map((node) => ({ node, turn: [depth(node.name), choice(node), -(node.asked?.memory ?? 0)] }))
    .toSorted((a, b) => compare(a.turn, b.turn) || (a.node.name < b.node.name ? -1 : 1))
    .map(({ node }) => node);
}

function choice({ asked }: LabNode): number {
  if (asked?.vmhost !== undefined) return 0;
  return asked?.vmhostSelector === undefined ? 2 : 1;
}

export function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value - other;
  }
  return 0;
}

/** How many Nodes a Node is a clone of, one of the other; those in a circle have as many as the circle. */
function sourceDepths(nodes: readonly LabNode[]): (name: string) => number {
  const sources = new Map(nodes.map(({ name, asked }) => [name, asked?.disk.cloneOf]));
  const known = new Map<string, number>();
  return (name) => {
    const walk: string[] = [];
    let at: string | undefined = name;
    while (at !== undefined && !known.has(at) && sources.has(at) && !walk.includes(at)) {
      walk.push(at);
      at = sources.get(at);
    }
    let depth = at === undefined ? 0 : (known.get(at) ?? 0) + (sources.has(at) ? 1 : 0);
    for (const each of walk.reverse()) known.set(each, depth++);
    return known.get(name) ?? 0;
  };
}
