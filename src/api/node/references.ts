import type { Reference } from '../manifest/types.ts';
import type { NodeSpec } from './spec.ts';

/** What a Node waits for until it is there. */
export function nodeReferences({ disk, networks }: NodeSpec): readonly Reference[] {
  const source = (field: 'image' | 'cloneOf', kind: 'Image' | 'Node'): readonly Reference[] => {
    const name = disk[field];
    return name === undefined ? [] : [{ path: ['spec', 'disk', field], kind, name }];
  };
  return [
    ...source('image', 'Image'),
    ...source('cloneOf', 'Node'),
    ...networks.map(({ network }, index) => ({
      path: ['spec', 'networks', index, 'network'],
      kind: 'Network' as const,
      name: network,
    })),
  ];
}
