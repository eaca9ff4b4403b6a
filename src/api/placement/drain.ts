import type { ParsedObject } from '../manifest/types.ts';

/** What becomes of the Nodes of a vmhost that is drained. */
export interface Drain {
  /** They go elsewhere: made anew from their Images, and what is on their disks is lost. */
  readonly goes: readonly string[];
  readonly stays: readonly { readonly node: string; readonly why: string }[];
}

export interface DrainedNode {
  readonly name: string;
  readonly spec: {
    readonly disk: {
      readonly image?: string | undefined;
      readonly cloneOf?: string | undefined;
      readonly path?: string | undefined;
    };
    readonly policy: { readonly reclaim: string; readonly adopt: boolean };
    readonly vmhost?: string | undefined;
  };
}

/** Only a Node that can be made anew, and whose manifest says that its disks may go, is taken down. In the order of names. */
export function drainOf(nodes: readonly DrainedNode[]): Drain {
  const sorted = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const stays = sorted.flatMap((node) => {
    const why = whyItStays(node);
    return why === undefined ? [] : [{ node: node.name, why }];
  });
  const staying = new Set(stays.map(({ node }) => node));
  return { goes: sorted.map(({ name }) => name).filter((name) => !staying.has(name)), stays };
}

/** Undefined: it is taken down. */
export function whyItStays({ spec: { disk, policy, vmhost } }: DrainedNode): string | undefined {
  if (policy.adopt) return 'its guest was made by others';
  if (vmhost !== undefined) return `its manifest says spec.vmhost: ${vmhost}`;
  if (disk.path !== undefined) return `its disk ${disk.path} is there and nowhere else`;
  if (disk.image === undefined) return `its disk is a clone of that of Node "${disk.cloneOf ?? ''}"`;
  if (policy.reclaim !== 'Delete')
    return 'its manifest does not say policy.reclaim: Delete, so its disk is kept';
  return undefined;
}

/** Of manifests as one vmhost knows them, the Nodes that a vmhost has. @param own name of the one that knows them */
export function nodesOn(
  vmhost: string,
  manifests: readonly ParsedObject[],
  own: string,
): readonly ParsedObject<'Node'>[] {
  return manifests.filter((object): object is ParsedObject<'Node'> => {
    const elsewhere = object.origin?.elsewhere;
    return object.kind === 'Node' && (elsewhere === undefined ? own : elsewhere.vmhost) === vmhost;
  });
}
