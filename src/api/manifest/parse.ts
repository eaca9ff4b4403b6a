import { NAMED_FIELDS, namedFields } from '../ownership/named.ts';
import { contentHash } from '../canonical.ts';
import { KINDS } from '../kinds/list.ts';
import type { Kinds } from '../kinds/kinds.ts';
import { API_VERSION, type ManifestKind } from '../meta.ts';
import { nearest } from '../nearest.ts';
import { manifestSchema } from '../kinds/schema.ts';
import { fieldIssues, plainMessage } from './issues.ts';
import { formatPath } from './path.ts';
import type { FieldIssue, FieldPath, ManifestError, ParsedObject, Position } from './types.ts';
import { readYaml, type YamlDocument } from './yaml.ts';

/** Enough to see what is wrong with a file, few enough to keep. */
const MAX_ERRORS = 1000;

export interface ParsedManifest {
  /** The objects without errors, in the file's order. */
  readonly objects: readonly ParsedObject[];
  /** All errors of all documents, in the file's order. */
  readonly errors: readonly ManifestError[];
}

/**
 * Reads and checks one manifest file (YAML 1.2 or JSON, several documents). Never throws; `file` only names the file
 * in the result. Each object is checked on its own: see `crossCheck` for what lies between objects.
 */
export function parseManifest(file: string, text: string, kinds: Kinds = KINDS): ParsedManifest {
  const { documents, issues } = readYaml(text);
  const results = documents.map((document) => readObject(file, document, kinds));
  const errors = [
    ...issues.map((issue) => ({ file, ...issue })),
    ...results.flatMap((result) => result.errors),
  ];
  return { objects: results.flatMap(({ object }) => object ?? []), errors: errors.slice(0, MAX_ERRORS) };
}

interface ReadObject {
  readonly object?: ParsedObject;
  readonly errors: readonly ManifestError[];
}

function readObject(file: string, document: YamlDocument, kinds: Kinds): ReadObject {
  const { value } = document;
  const ref = refOf(value, kinds);
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

function checkDocument(file: string, document: YamlDocument, kinds: Kinds): Checked {
  const { value } = document;
  if (!isRecord(value)) {
    return {
      issues: [{ path: [], code: 'NotAnObject', message: 'expected apiVersion, kind, metadata and spec' }],
    };
  }
  const definition = kinds.manifest(value.kind);
  if (definition === undefined) return { issues: [kindIssue(value.kind, kinds)] };
  if (value.apiVersion !== undefined && value.apiVersion !== API_VERSION)
    return { issues: [versionIssue(value)] };
  const result = manifestSchema(definition).safeParse(value, { error: plainMessage, reportInput: true });
  if (!result.success) {
    return {
      issues: result.error.issues.flatMap((issue) => fieldIssues(definition, issue, document.numbers)),
    };
  }
  const { metadata, spec } = result.data;
  const named = 'policy' in spec && spec.policy.adopt ? { [NAMED_FIELDS]: namedFields(value.spec) } : {};
  const object = {
    kind: definition.kind,
    name: metadata.name,
    labels: metadata.labels ?? {},
    annotations: { ...metadata.annotations, ...named },
    spec,
    hash: contentHash({ ...spec, ...named }),
    source: { file, line: document.start.line },
    positions: document.values,
  } as ParsedObject;
  return { object, issues: definition.manifest.check(object.spec) };
}

function kindIssue(kind: unknown, kinds: Kinds): FieldIssue {
  const path = ['kind'];
  if (kind === undefined) return { path, code: 'MissingField', message: 'required field is missing' };
  if (typeof kind !== 'string') return { path, code: 'UnknownKind', message: 'the kind must be a word' };
  const known = kinds.manifests.map((each) => each.kind);
  const near = kinds.manifest(kinds.resolve(kind)?.kind)?.kind ?? nearest(kind, known);
  const hint = near === undefined ? `known kinds: ${known.join(', ')}` : `did you mean "${near}"?`;
  return { path, code: 'UnknownKind', message: `unknown kind "${kind}"`, hint };
}

function versionIssue({ apiVersion }: Readonly<Record<string, unknown>>): FieldIssue {
  const found = typeof apiVersion === 'string' ? ` "${apiVersion}"` : '';
  const message = `unknown apiVersion${found}`;
  return { path: ['apiVersion'], code: 'UnknownVersion', message, hint: `write ${API_VERSION}` };
}

/** What is wrong with a key is shown at the key, missing ones at the field that lacks them, all others at their value. */
function placeOf(document: YamlDocument, path: FieldPath, code: FieldIssue['code']): Position {
  const own =
    code === 'UnknownField' || code === 'InvalidKey' ? document.keys.get(formatPath(path)) : undefined;
  if (own !== undefined) return own;
  for (let length = path.length; length > 0; length--) {
    const at = formatPath(path.slice(0, length));
    const position =
      length < path.length ? (document.keys.get(at) ?? document.values.get(at)) : document.values.get(at);
    if (position !== undefined) return position;
  }
  return document.start;
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
