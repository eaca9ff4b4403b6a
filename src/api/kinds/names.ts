import { API_GROUP, type Kind, type ObjectRef } from '../meta.ts';

export interface KindNames {
  readonly singular: string;
  readonly plural: string;
  /** As API discovery lists them; `node` alone means another thing to a kubectl that also sees a cluster. */
  readonly shortNames: readonly string[];
  /** What only k8slab's own command line accepts beside them. */
  readonly aliases: readonly string[];
}

export const KIND_NAMES: Readonly<Record<Kind, KindNames>> = {
  Network: { singular: 'network', plural: 'networks', shortNames: ['knet'], aliases: ['net'] },
  Image: { singular: 'image', plural: 'images', shortNames: ['kimg'], aliases: ['img'] },
  Node: { singular: 'node', plural: 'nodes', shortNames: ['kn'], aliases: ['no'] },
  LoadBalancer: {
    singular: 'loadbalancer',
    plural: 'loadbalancers',
    shortNames: ['klb'],
    aliases: ['lb'],
  },
  Host: { singular: 'host', plural: 'hosts', shortNames: [], aliases: [] },
};

/** `node/master00`, as the command line takes and prints it. */
export function objectWord({ kind, name }: ObjectRef): string {
  return `${KIND_NAMES[kind].singular}/${name}`;
}

/** Every word that `resolveKind` knows. */
export function kindWords(): readonly string[] {
  return [...words().keys()];
}

/** The kind that a word of the command line means, in any case: `node`, `nodes`, `kn`, `no`, `nodes.k8slab.io`. */
export function resolveKind(text: string): Kind | undefined {
  const word = text.toLowerCase();
  return words().get(word.endsWith(`.${API_GROUP}`) ? word.slice(0, -API_GROUP.length - 1) : word);
}

function words(): ReadonlyMap<string, Kind> {
  return new Map(
    (Object.keys(KIND_NAMES) as Kind[]).flatMap((kind) => {
      const { singular, plural, shortNames, aliases } = KIND_NAMES[kind];
      return [singular, plural, ...shortNames, ...aliases].map((word) => [word, kind] as const);
    }),
  );
}
