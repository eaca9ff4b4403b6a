import { namedFields } from '../ownership/named.ts';
import { contentHash } from '../canonical.ts';
import { KINDS } from '../kinds/list.ts';
import type { Kinds } from '../kinds/kinds.ts';
import { API_GROUP, API_VERSION, type ManifestKind } from '../meta.ts';
import { nearest } from '../nearest.ts';
import { isListKind, listSchema, manifestSchema } from '../kinds/schema.ts';
import { fieldIssues, plainMessage } from './issues.ts';
import { isRecord, openEnvelope } from './envelope.ts';
import { oneSlip } from './indentation.ts';
import { formatPath } from './path.ts';
import { positionAt, walk, type PlaceTree } from './places.ts';
import { runSteps, type Steps } from './steps.ts';
import type { FieldIssue, FieldPath, ManifestError, ParsedObject, Position } from './types.ts';
import { yaml11Issues } from './yaml11.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

/** Enough to see what is wrong with a file, few enough to keep. */
const MAX_ERRORS = 1000;

export interface ParsedManifest {
  /** The objects without errors, in the file's order. */
  readonly objects: readonly ParsedObject[];
  /** All errors of all documents, in the file's order. */
  readonly errors: readonly ManifestError[];
  /** Whether the text may name objects that nobody can read. */
  readonly opaque: boolean;
}

/**
 * Reads and checks one manifest file (YAML 1.2 or JSON, several documents). Never throws; `file` only names the file
 * in the result. Each object is checked on its own: see `crossCheck` for what lies between objects.
 */
export function parseManifest(file: string, text: string, kinds: Kinds = KINDS): ParsedManifest {
  return runSteps(parseSteps(file, text, kinds));
}

/** `parseManifest`, in steps of a few milliseconds. */
export function* parseSteps(file: string, text: string, kinds: Kinds = KINDS): Steps<ParsedManifest> {
  const { documents, issues } = yield* readYaml(text);
  const objects: ParsedObject[] = [];
  const errors: ManifestError[] = issues.map((issue) => ({ file, ...issue }));
  let opaque = issues.length > 0;
  for (const document of documents.flatMap((each) => openEnvelope(each, kinds))) {
    const found = readObject(file, document, kinds);
    if (found.object !== undefined) objects.push(found.object);
    errors.push(...found.errors);
    opaque ||= found.errors.length > 0 && isOpaque(document, kinds);
    if (errors.length >= MAX_ERRORS) return { objects, errors: errors.slice(0, MAX_ERRORS), opaque: true };
    yield;
  }
  return { objects, errors, opaque };
}

interface ReadObject {
  readonly object?: ParsedObject;
  readonly errors: readonly ManifestError[];
}

function readObject(file: string, document: YamlDocument, kinds: Kinds): ReadObject {
  const ref = refOf(document.value, kinds);
  const { object, issues } = document.whole ? checkDocument(file, document, kinds) : { issues: [] };
  const unread = new Set(document.issues.map(({ path }) => path));
  const errors = [
    ...document.issues.map((issue) => ({ file, ...issue })),
    ...issues
      .map((issue) => placed(file, document, issue))
      // What could not be read is no surprise to the schema.
      .filter(({ path }) => path === '' || !unread.has(path)),
  ]
    .map((error) => (ref === undefined ? error : { ...error, object: ref }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column);
  return errors.length === 0 && object !== undefined ? { object, errors } : { errors };
}

function placed(file: string, document: YamlDocument, { path, ...issue }: FieldIssue): ManifestError {
  return { file, ...placeOf(document, path, issue.code), path: formatPath(path), ...issue };
}

interface Checked {
  readonly object?: ParsedObject;
  readonly issues: readonly FieldIssue[];
}

function checkDocument(file: string, { value, places, start }: YamlDocument, kinds: Kinds): Checked {
  if (!isRecord(value)) {
    return {
      issues: [{ path: [], code: 'NotAnObject', message: 'expected apiVersion, kind, metadata and spec' }],
    };
  }
  if (isListKind(value.kind, kinds)) return { issues: listIssues(value, places.tree, kinds) };
  const definition = kinds.manifest(value.kind);
  if (definition === undefined) return { issues: [kindIssue(value.kind, kinds)] };
  if (value.apiVersion !== undefined && value.apiVersion !== API_VERSION)
    return { issues: [versionIssue(value)] };
  const result = manifestSchema(definition).safeParse(value, { error: plainMessage, reportInput: true });
  if (!result.success) {
    const issues = result.error.issues.flatMap((issue) => fieldIssues(definition, issue, places.tree));
    return { issues: oneSlip(issues, value, definition) };
  }
  const { metadata, spec } = result.data;
  const origin = 'policy' in spec && spec.policy.adopt ? { named: namedFields(value.spec) } : {};
  const object = {
    kind: definition.kind,
    name: metadata.name,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    spec,
    hash: contentHash({ ...spec, ...origin }),
    ...('named' in origin ? { origin } : {}),
    source: { file, line: start.line },
    places,
  } as ParsedObject;
  const { manifest } = definition;
  const issues = (manifest.yaml11 ?? []).flatMap((path) => yaml11Issues(places.tree, path));
  return { object, issues: [...manifest.check(object.spec), ...issues] };
}

function kindIssue(kind: unknown, kinds: Kinds): FieldIssue {
  const path = ['kind'];
  if (kind === undefined) return { path, code: 'MissingField', message: 'required field is missing' };
  if (typeof kind !== 'string') return { path, code: 'UnknownKind', message: 'the kind must be a word' };
  const known = kinds.manifests.map((each) => each.kind);
  const near = kinds.manifest(kinds.resolve(kind)?.kind)?.kind ?? nearest(kind, [...known, 'List']);
  const hint = near === undefined ? `known kinds: ${known.join(', ')}` : `did you mean "${near}"?`;
  return { path, code: 'UnknownKind', message: `unknown kind "${kind}"`, hint };
}

function versionIssue({ apiVersion }: Readonly<Record<string, unknown>>): FieldIssue {
  const found = typeof apiVersion === 'string' ? ` "${apiVersion}"` : '';
  const message = `unknown apiVersion${found}`;
  return { path: ['apiVersion'], code: 'UnknownVersion', message, hint: `write ${API_VERSION}` };
}

/** Of a List that could not be opened. */
function listIssues(
  value: Readonly<Record<string, unknown>>,
  tree: PlaceTree,
  kinds: Kinds,
): readonly FieldIssue[] {
  const result = listSchema(value.kind, kinds).safeParse(value, { error: plainMessage, reportInput: true });
  return (result.error?.issues ?? []).flatMap((issue) => fieldIssues(undefined, issue, tree));
}

/** What is wrong with a key is shown at the key, missing ones at the field that lacks them, all others at their value. */
function placeOf({ places }: YamlDocument, path: FieldPath, code: FieldIssue['code']): Position {
  const { found, depth } = walk(places.tree, path);
  const isKey = code === 'UnknownField' || code === 'InvalidKey' || depth < path.length;
  return positionAt(places.lines, (isKey ? found.key : undefined) ?? found.at);
}

/** Whether a document that is wrong may be an object of ours, though nobody can tell which. */
function isOpaque({ value, whole }: YamlDocument, kinds: Kinds): boolean {
  if (!whole) return true;
  if (!isRecord(value)) return mentionsUs(value);
  return refOf(value, kinds) === undefined && !isForeign(value, kinds);
}

/** One stray character makes a whole manifest a text, a list, or the value of a key. */
function mentionsUs(value: unknown): boolean {
  return JSON.stringify(value).includes(`${API_GROUP}/`);
}

/** Another program's, such as a kustomization.yaml or the values of a Helm chart. */
function isForeign(value: Readonly<Record<string, unknown>>, kinds: Kinds): boolean {
  const { apiVersion, kind, spec } = value;
  if (kinds.manifest(kind) !== undefined || isListKind(kind, kinds)) return false;
  if (typeof apiVersion === 'string') return !apiVersion.startsWith(`${API_GROUP}/`);
  return apiVersion === undefined && spec === undefined && !mentionsUs(value);
}

function refOf(
  value: unknown,
  kinds: Kinds,
): { readonly kind: ManifestKind; readonly name: string } | undefined {
  if (!isRecord(value) || !isRecord(value.metadata)) return undefined;
  const kind = kinds.manifest(value.kind)?.kind;
  const { name } = value.metadata;
  return kind === undefined || typeof name !== 'string' ? undefined : { kind, name };
}
