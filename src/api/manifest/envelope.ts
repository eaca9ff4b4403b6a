import type { Kinds } from '../kinds/kinds.ts';
import { SERVER_METADATA, STATUS } from '../kinds/fields.ts';
import { isListKind, listSchema } from '../kinds/schema.ts';
import { API_VERSION } from '../meta.ts';
import { placeAt, positionAt } from './places.ts';
import type { YamlDocument } from './yaml.ts';

/**
 * The manifests in a document as `get -o yaml` prints it: a List is its items, unless it is none to its schema; what the
 * server writes is left out, and kinds that no manifest has, such as the Vmhost, are nothing.
 */
export function openEnvelope(document: YamlDocument, kinds: Kinds): readonly YamlDocument[] {
  const { value } = document;
  if (!document.whole || !isRecord(value)) return [document];
  if (isListKind(value.kind, kinds)) {
    const { items } = value;
    if (!Array.isArray(items) || !listSchema(value.kind, kinds).safeParse(value).success) return [document];
    return itemsOf(document, items).flatMap((item) => openEnvelope(item, kinds));
  }
  const daemonsOwn = kinds.all.some(({ kind, manifest }) => kind === value.kind && manifest === undefined);
  if (daemonsOwn && value.apiVersion === API_VERSION) return [];
  return [{ ...document, value: withoutServerFields(value) }];
}

/** What is wrong with the List itself stays an error of the file, and then none of its items counts. */
function itemsOf(
  { places, issues, start }: YamlDocument,
  items: readonly unknown[],
): readonly YamlDocument[] {
  if (issues.length > 0) return [{ value: null, places, issues, start, whole: false }];
  return items.map((value, index) => {
    const tree = placeAt(places.tree, ['items', index]) ?? places.tree;
    const item = { value, places: { ...places, tree }, issues: [], start: positionAt(places.lines, tree.at) };
    return { ...item, whole: true };
  });
}

function withoutServerFields(value: Readonly<Record<string, unknown>>): unknown {
  const rest = without(value, (field) => field === STATUS);
  if (!isRecord(rest.metadata)) return rest;
  return { ...rest, metadata: without(rest.metadata, (field) => SERVER_METADATA.includes(field)) };
}

function without(
  value: Readonly<Record<string, unknown>>,
  isLeftOut: (field: string) => boolean,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([field]) => !isLeftOut(field)));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
