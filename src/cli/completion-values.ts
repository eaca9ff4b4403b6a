import { KIND_NAMES } from '../api/kinds/names.ts';
import type { PartialObjectMetadataList } from '../api/kinds/partial.ts';
import { objectWord } from '../api/meta.ts';
import type { Client } from './client.ts';
import type { Candidate, Line } from './completion-line.ts';
import { fetchHeld } from './confirm-removal.ts';
import { OUTPUTS } from './outputs.ts';
import { EVENT_WORDS, resourceOf, type Resource } from './selection.ts';

export interface Found {
  readonly words: readonly Candidate[];
  /** What the shell completes by itself where there are no words. */
  readonly files?: 'any' | 'directories';
}

/** A word that is being typed, in its place. */
export interface Asked {
  readonly line: Line;
  readonly typed: string;
  readonly client: Client;
  /** It is the value of this option. */
  readonly option?: string;
}

type Completer = (asked: Asked) => Promise<Found> | Found;

const PARTIAL = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json';

/** By what stands in the place of a value in the usage, or by a command's name and that. */
export const completers: Readonly<Record<string, Completer | undefined>> = {
  PATH: files,
  PATHS: files,
  FILE: files,
  FILES: files,
  DIR: directories,
  TYPE: types,
  NAMES: namesOfType,
  NODE: nodes,
  NODES: nodes,
  VMHOST: vmhosts,
  ROLE: roles,
  'TYPE/NAME': references,
  KIND: fields,
  FIELD: sortFields,
  SELECTOR: selectors,
  LABELS: labelNames,
  'get FORMAT': () => ({ words: OUTPUTS.map((word) => ({ word })) }),
  'events FORMAT': () => ({ words: OUTPUTS.filter((each) => each !== 'wide').map((word) => ({ word })) }),
  'events TYPES': () => ({ words: [{ word: 'Normal' }, { word: 'Warning' }] }),
  BOOLEAN: () => ({ words: [{ word: 'true' }, { word: 'false' }] }),
  'confirm-removal NAMES': held,
  'adopt NAMES': found,
  'wait GOAL': () => ({
    words: [
      { word: 'condition=Ready', about: 'it works' },
      { word: 'condition=Synced', about: 'the last pass succeeded' },
      { word: 'condition=' },
      { word: 'create', about: 'it is there' },
      { word: 'delete', about: 'it is gone' },
      { word: 'jsonpath=' },
    ],
  }),
};

function files(): Found {
  return { words: [], files: 'any' };
}

function directories(): Found {
  return { words: [], files: 'directories' };
}

/** Kinds, and behind a slash the names of one; behind a comma one more kind. */
async function types(asked: Asked): Promise<Found> {
  if (asked.typed.includes('/')) return references(asked);
  const comma = asked.typed.lastIndexOf(',') + 1;
  const [prefix, typed] = [asked.typed.slice(0, comma), asked.typed.slice(comma)];
  const withEvents = asked.line.command.name() === 'get';
  const words = KIND_NAMES.flatMap(({ kind, plural, singular, shortNames, aliases }): Candidate[] => {
    // Which of a kind's names is meant is nobody's question before a letter is typed.
    const all = typed === '' ? [plural] : [plural, singular, ...shortNames, ...aliases];
    return all.map((word) => ({ word: `${prefix}${word}`, about: kind }));
  });
  const events = withEvents && prefix === '' ? EVENT_WORDS.slice(0, typed === '' ? 1 : undefined) : [];
  return { words: [...words, ...events.map((word) => ({ word, about: 'what happened' }))] };
}

/** Names of the kind that was given first, without those already given; `TYPE/NAME` where that began so. */
function namesOfType(asked: Asked): Promise<Found> {
  const [type = '', ...before] = asked.line.words;
  if (type.includes('/')) return references(asked);
  return objectNames(asked.client, resourceOf(type.split(',')[0] ?? '', 'complete'), before);
}

function nodes({ client, line }: Asked): Promise<Found> {
  return objectNames(client, resourceOf('nodes', 'complete'), line.words);
}

function vmhosts({ client, line }: Asked): Promise<Found> {
  return objectNames(client, resourceOf('vmhosts', 'complete'), line.words);
}

async function objectNames(client: Client, resource: Resource, before: readonly string[]): Promise<Found> {
  const { items } = await fetchPartial(client, resource);
  const given = new Set(before);
  return {
    words: items.map(({ metadata }) => ({ word: metadata.name })).filter(({ word }) => !given.has(word)),
  };
}

async function fetchPartial(client: Client, { path }: Resource): Promise<PartialObjectMetadataList> {
  return (await client.get(path, PARTIAL)) as PartialObjectMetadataList;
}

/** `node/master00`; before the slash the kinds. */
async function references({ typed, line, client }: Asked): Promise<Found> {
  const slash = typed.indexOf('/');
  if (slash === -1)
    return { words: KIND_NAMES.map(({ singular, kind }) => ({ word: `${singular}/`, about: kind })) };
  const type = typed.slice(0, slash);
  const { words } = await objectNames(client, resourceOf(type, 'complete'), []);
  const given = new Set(line.words);
  return {
    words: words.map(({ word }) => ({ word: `${type}/${word}` })).filter(({ word }) => !given.has(word)),
  };
}

async function roles({ client }: Asked): Promise<Found> {
  const { items } = (await client.get('nodes')) as { items: readonly { spec: { role?: string } }[] };
  return { words: distinct(items.flatMap(({ spec }) => spec.role ?? [])) };
}

async function labels({ line, client }: Asked): Promise<[name: string, value: string][]> {
  const { items } = await fetchPartial(client, listed({ line }));
  return items.flatMap(({ metadata }) => Object.entries(metadata.labels ?? {}));
}

/** What kind of objects the line asks for. */
function listed({ line }: Pick<Asked, 'line'>): Resource {
  return resourceOf((line.words[0] ?? 'nodes').replace(/[,/].*/, ''), 'complete');
}

/** `zone=`, and the values of zone behind it. */
async function selectors(asked: Asked): Promise<Found> {
  const { typed } = asked;
  const comma = typed.lastIndexOf(',') + 1;
  const [prefix, last] = [typed.slice(0, comma), typed.slice(comma)];
  if (asked.option === '--field-selector') {
    const { selectorFields } = await import('./completion-fields.ts');
    const words = selectorFields(listed(asked).kind);
    return { words: words.map(({ word, ...more }) => ({ word: `${prefix}${word}`, ...more })) };
  }
  const known = await labels(asked);
  const words = last.includes('=')
    ? known.map(([name, value]) => `${name}=${value}`)
    : known.map(([name]) => `${name}=`);
  return { words: distinct(words.map((word) => `${prefix}${word}`)) };
}

async function labelNames(asked: Asked): Promise<Found> {
  const prefix = asked.typed.slice(0, asked.typed.lastIndexOf(',') + 1);
  return { words: distinct((await labels(asked)).map(([name]) => `${prefix}${name}`)) };
}

async function held({ client, line }: Asked): Promise<Found> {
  const given = new Set(line.words);
  const items = (await fetchHeld(client)).map((each) => ({
    word: objectWord(each),
    about: each.why.slice(0, 70),
  }));
  return { words: items.filter(({ word }) => !given.has(word)) };
}

async function fields({ typed }: Asked): Promise<Found> {
  const { fieldPaths } = await import('./completion-fields.ts');
  return { words: fieldPaths(typed) };
}

/** `.metadata.name`, and whatever the kind has. */
async function sortFields({ typed, line }: Asked): Promise<Found> {
  const { fieldPaths } = await import('./completion-fields.ts');
  const type = listed({ line }).singular;
  const words = fieldPaths(`${type}${typed.startsWith('.') ? '' : '.'}${typed}`);
  return { words: words.map(({ word, ...more }) => ({ word: word.slice(type.length), ...more })) };
}

/** What libvirt has. */
async function found({ line, typed }: Asked): Promise<Found> {
  const { libvirtNames } = await import('./completion-libvirt.ts');
  const given = new Set(line.words);
  const uri = [...line.given].find(([{ long }]) => long === '--connect')?.[1];
  const names = await libvirtNames(uri);
  const words = names.flatMap(({ kind, name }) =>
    typed.includes('/') ? [`${kind}/${name}`] : [name, `${kind}/${name}`],
  );
  return { words: distinct(words).filter(({ word }) => !given.has(word)) };
}

function distinct(words: readonly string[]): Candidate[] {
  return [...new Set(words)].sort().map((word) => ({ word }));
}
