import type { z } from 'zod';
import type { ManifestKindDefinition } from '../kinds/kinds.ts';
import { nearest } from '../nearest.ts';
import { meantBy, meantHint } from './fields.ts';
import { formatPath } from './path.ts';
import { placeAt, type PlaceTree } from './places.ts';
import type { FieldIssue, FieldPath } from './types.ts';

type RawIssue = z.core.$ZodRawIssue;
type Issue = z.core.$ZodIssue;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};
const MAX_SHOWN = 60;

/** Messages for what the schemas themselves have no words for; without what was found instead. */
export function plainMessage(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return words(issue.expected);
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return sizeMessage('least', Number(issue.minimum), issue.origin);
    case 'too_big':
      return sizeMessage('most', Number(issue.maximum), issue.origin);
    default:
      return undefined;
  }
}

function sizeMessage(bound: 'least' | 'most', limit: number, origin: string): string {
  if (origin === 'string') return `must have at ${bound} ${limit} characters`;
  if (origin === 'array') return `must have at ${bound} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  return `must be at ${bound} ${limit}`;
}

/** The schema's issue in plain words. `places` tells how the numbers of the file are written; a List has no kind. */
export function fieldIssues(
  kind: ManifestKindDefinition | undefined,
  issue: Issue,
  places: PlaceTree,
): readonly FieldIssue[] {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownField(kind, path, key));
  if (issue.code === 'invalid_key') {
    return [{ path, code: 'InvalidKey', message: issue.issues[0]?.message ?? 'this key is not allowed' }];
  }
  if (issue.input === undefined)
    return [{ path, code: 'MissingField', message: 'required field is missing' }];
  const found = describeValue(issue.input, placeAt(places, path)?.written);
  const hint = valueHint(issue, found.text);
  return [
    {
      path,
      code: issue.code === 'invalid_type' ? 'WrongType' : 'InvalidValue',
      message: `${issue.message}, found ${found.words}`,
      ...(hint === undefined ? {} : { hint }),
    },
  ];
}

function unknownField(kind: ManifestKindDefinition | undefined, parent: FieldPath, key: string): FieldIssue {
  const hint = foreignField(parent, key) ?? (kind && meantHint(meantBy(kind, parent, key), key));
  return {
    path: [...parent, key],
    code: 'UnknownField',
    message: `unknown field "${key}"`,
    ...(hint === undefined ? {} : { hint }),
  };
}

/** What a manifest copied from a cluster carries, and what YAML 1.1 would have done. */
function foreignField(parent: FieldPath, key: string): string | undefined {
  if (key === '<<') return 'YAML 1.2 has no merge keys: repeat the fields';
  const place = formatPath([...parent, key]);
  return place === 'metadata.namespace' ? 'objects have no namespace: leave it out' : undefined;
}

function valueHint(issue: Issue, text: string): string | undefined {
  if (issue.input === null) return 'give it a value or leave the field out';
  if (issue.code === 'invalid_value') {
    const near = typeof issue.input === 'string' ? nearest(issue.input, issue.values.map(String)) : undefined;
    return near === undefined ? undefined : `did you mean ${near}?`;
  }
  if (issue.code !== 'invalid_type') return undefined;
  return typeHint(issue, text);
}

function typeHint(issue: z.core.$ZodIssueInvalidType, text: string): string | undefined {
  const { expected, input } = issue;
  const isScalar = ['string', 'number', 'boolean'].includes(typeof input);
  // A message of the schema's own says by itself what to write.
  if (expected === 'string')
    return isScalar && issue.message === words(expected) ? `write it in quotes: "${text}"` : undefined;
  if (expected === 'array') return isScalar ? `write it as a list: [${JSON.stringify(text)}]` : undefined;
  if (typeof input !== 'string') return undefined;
  if (expected === 'boolean' && /^(yes|on|y)$/i.test(input)) return 'write true';
  if (expected === 'boolean' && /^(no|off|n)$/i.test(input)) return 'write false';
  const fits = expected === 'boolean' ? /^(true|false)$/ : /^-?[0-9]+$/;
  return fits.test(input) ? 'write it without quotes' : undefined;
}

function words(type: string): string {
  return `expected ${TYPE_NAMES[type] ?? type}`;
}

/** A value as the file has it (`text`) and in words: `the number 0644`, `"no"`, `a list`. */
function describeValue(value: unknown, written?: string): { readonly words: string; readonly text: string } {
  if (value === null) return { words: 'nothing', text: '' };
  if (Array.isArray(value)) return { words: 'a list', text: '' };
  if (typeof value === 'number') {
    const text = written ?? String(value);
    return { words: `the number ${text}`, text };
  }
  if (typeof value === 'string') return { words: JSON.stringify(shorten(value)), text: shorten(value) };
  return typeof value === 'boolean'
    ? { words: String(value), text: String(value) }
    : { words: 'a mapping', text: '' };
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
