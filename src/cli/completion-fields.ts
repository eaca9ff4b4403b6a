import { childFields } from '../api/kinds/explain.ts';
import { KIND_NAMES } from '../api/kinds/names.ts';
import type { Candidate } from './completion-line.ts';

/** Kinds, and behind each dot the fields that there are: `node.spec.` */
export function fieldPaths(typed: string): Candidate[] {
  const dot = typed.lastIndexOf('.');
  if (dot === -1)
    return KIND_NAMES.flatMap(({ kind, singular, plural }) =>
      [singular, ...(typed === '' ? [] : [plural])].map((word) => ({ word, about: kind })),
    );
  const parent = typed.slice(0, dot);
  return childFields(parent).map(({ name, hasFields, description }) => ({
    word: `${parent}.${name}${hasFields ? '.' : ''}`,
    about: description.split('. ')[0]?.slice(0, 70) ?? '',
  }));
}
