import type { Bed } from '../controllers/bed.ts';

/** `Kind/name` of objects of which something is remembered. */
export type Remembered = ReadonlySet<string>;

export function watchMemory({ memory }: Pick<Bed, 'memory'>): Remembered {
  const names = new Set<string>();
  memory.subscribe(({ kind, name, after: value }) => {
    const after: unknown = value;
    if (after === undefined) names.delete(`${kind}/${name}`);
    else names.add(`${kind}/${name}`);
  });
  return names;
}
