/** A field's way from the top of the document. */
export type FieldPath = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** `spec.networks[0].mac`; keys that are no plain words are quoted: `metadata.labels["example.com/zone"]`. */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>(childPath, '');
}

/** The path of a child: an index of a list or a key of a mapping. */
function childPath(parent: string, part: string | number): string {
  if (typeof part === 'number') return `${parent}[${part}]`;
  if (!/^[A-Za-z_$<][A-Za-z0-9_$<-]*$/.test(part)) return `${parent}[${JSON.stringify(part)}]`;
  return parent === '' ? part : `${parent}.${part}`;
}
