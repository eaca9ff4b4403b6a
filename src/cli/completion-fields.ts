import { childFields } from '../api/kinds/explain.ts';
import { KINDS } from '../api/kinds/list.ts';
import { KIND_NAMES } from '../api/kinds/names.ts';
import type { Candidate } from './completion-line.ts';

/** `metadata.name=`, and what else objects of the kind are selected by. */
export function selectorFields(kind: string): Candidate[] {
  const selectable = KINDS.all.find((each) => each.kind === kind)?.selectable ?? [];
  return [
    { word: 'metadata.name=', about: 'the name of the object' },
    ...selectable.map((field) => ({ word: `${field}=` })),
  ];
}

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
