import { ReasonedError } from '../api/errors.ts';
import { KIND_NAMES } from '../api/kinds/names.ts';
import { indexWords, type KindWords } from '../api/kinds/words.ts';
import { API_VERSION, type Kind } from '../api/meta.ts';
import { nearest } from '../api/nearest.ts';

/** What can be listed: the kinds, and the events about them. */
export interface Resource {
  readonly kind: Kind | 'Event';
  readonly singular: string;
  readonly plural: string;
  /** Where the API has it. */
  readonly path: string;
}

export interface Selection {
  readonly resource: Resource;
  readonly name?: string;
}

/** Words that mean events. */
export const EVENT_WORDS: readonly string[] = ['events', 'event', 'ev'];
export const EVENTS: Resource = {
  kind: 'Event',
  singular: 'event',
  plural: 'events',
  path: '/api/v1/events',
};

/** The kinds, in the order in which they depend on each other. */
export const RESOURCES: readonly Resource[] = KIND_NAMES.map(({ kind, singular, plural }) => ({
  kind,
  singular,
  plural,
  path: `/apis/${API_VERSION}/${plural}`,
}));

/** `TYPE NAME…`, `TYPE/NAME…`, `TYPE1,TYPE2` or nothing, which means everything. `verb` is for the error. */
export function parseSelection(args: readonly string[], verb = 'get'): Selection[] {
  const [first, ...names] = args;
  if (first === undefined || (first === 'all' && names.length === 0))
    return RESOURCES.map((resource) => ({ resource }));
  if (args.some((arg) => arg.includes('/'))) return args.map((arg) => parseReference(arg, verb));
  const resources = first.split(',').map((word) => resourceOf(word, verb));
  if (names.length === 0) return resources.map((resource) => ({ resource }));
  return resources.flatMap((resource) => names.map((name) => ({ resource, name })));
}

/** `node/master00` in parts. */
export function parseReference(arg: string, verb: string): Selection & { readonly name: string } {
  const [kind = '', name = '', ...more] = arg.split('/');
  if (name !== '' && more.length === 0) return { resource: resourceOf(kind, verb), name };
  const message = `cannot ${verb} "${arg}": write it as TYPE/NAME, such as node/master00`;
  throw new ReasonedError('BadArgument', message);
}

/** The kind that a word means: singular, plural or short, in any case. @throws ReasonedError UnknownKind */
export function resourceOf(word: string, verb: string): Resource {
  const index = indexWords(KIND_NAMES);
  const kind = index.resolve(word)?.kind;
  const found = RESOURCES.find((resource) => resource.kind === kind);
  if (found !== undefined) return found;
  if (EVENT_WORDS.includes(word.toLowerCase())) return EVENTS;
  throw unknownKind(word, verb, index);
}

function unknownKind(word: string, verb: string, { words }: KindWords): ReasonedError {
  const near = nearest(word, [...words, ...EVENT_WORDS]);
  const hint =
    near === undefined
      ? `one of ${KIND_NAMES.map(({ plural }) => plural).join(', ')}`
      : `did you mean "${near}"?`;
  return new ReasonedError('UnknownKind', `cannot ${verb} "${word}": there is no such kind`, { hint });
}

/** What a command takes that may be given names, a selector, or neither. */
export interface Selectors {
  /** Labels, such as `zone=a,!spare`. */
  readonly selector?: string;
  /** Fields, such as `metadata.name=a`. */
  readonly fieldSelector?: string;
}

/** A list's query. */
export function listQuery(
  { selector, fieldSelector }: Selectors,
  more: Readonly<Record<string, string>> = {},
): string {
  const params = new URLSearchParams({
    ...(selector === undefined || selector === '' ? {} : { labelSelector: selector }),
    ...(fieldSelector === undefined || fieldSelector === '' ? {} : { fieldSelector }),
    ...more,
  });
  return params.size === 0 ? '' : `?${params.toString()}`;
}

/** @throws ReasonedError BadArgument where names and selectors are both given, as kubectl refuses it */
export function refuseBoth(selections: readonly Selection[], selectors: Selectors): void {
  const isNamed = selections.some(({ name }) => name !== undefined);
  const selects = (selectors.selector ?? '') !== '' || (selectors.fieldSelector ?? '') !== '';
  if (isNamed && selects)
    throw new ReasonedError('BadArgument', 'name cannot be provided when a selector is specified');
}
