import type { Item, Resource } from './resource.ts';
import { parseFieldSelector } from '../../api/selectors/fields.ts';
import { parseLabelSelector } from '../../api/selectors/labels.ts';
import { StatusError } from './status.ts';

/** meta/v1 ListOptions, understood. */
export interface ListQuery<T> {
  readonly watch: boolean;
  /** Undefined: every object. */
  readonly selects: ((object: T) => boolean) | undefined;
  readonly limit: number;
  readonly continue: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean;
}

type Query = (name: string) => string | undefined;

/** @throws StatusError BadRequest, Invalid */
export function parseListQuery<T extends Item>(
  query: Query,
  resource: Resource<T>,
  namespace?: string,
): ListQuery<T> {
  const parsed = {
    watch: flag(query, 'watch'),
    selects: selectionOf(query, resource, namespace),
    limit: wholeNumber(query, 'limit') ?? 0,
    continue: query('continue') ?? '',
    resourceVersion: query('resourceVersion') ?? '',
    resourceVersionMatch: query('resourceVersionMatch') ?? '',
    timeoutSeconds: wholeNumber(query, 'timeoutSeconds'),
    bookmarks: flag(query, 'allowWatchBookmarks'),
    sendInitialEvents: flag(query, 'sendInitialEvents'),
  };
  checkVersion(parsed.resourceVersion);
  checkMatch(parsed, query('sendInitialEvents'));
  return parsed;
}

function selectionOf<T extends Item>(
  query: Query,
  { fields }: Resource<T>,
  namespace: string | undefined,
): ListQuery<T>['selects'] {
  const labels = parseLabelSelector(query('labelSelector') ?? '');
  const tests = [
    parseFieldSelector(query('fieldSelector') ?? '', fields),
    labels && (({ metadata }: T) => labels(metadata.labels)),
    namespace === undefined ? undefined : ({ metadata }: T) => metadata.namespace === namespace,
  ].filter((test) => test !== undefined);
  return tests.length === 0 ? undefined : (object) => tests.every((test) => test(object));
}

function flag(query: Query, name: string): boolean {
  const text = query(name);
  return text !== undefined && text !== 'false' && text !== '0';
}

function wholeNumber(query: Query, name: string): number | undefined {
  const text = query(name);
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new StatusError('BadRequest', `strconv.ParseInt: parsing "${text}": invalid syntax: ${name}`);
}

function checkVersion(version: string): void {
  if (/^\d*$/.test(version)) return;
  throw invalid('resourceVersion', `Invalid value: "${version}": must be a whole number`);
}

type Matched = Pick<
  ListQuery<unknown>,
  'watch' | 'resourceVersion' | 'resourceVersionMatch' | 'sendInitialEvents' | 'continue'
>;

/** The rules of an API server between these options. */
function checkMatch(given: Matched, initial: string | undefined): void {
  const { watch, resourceVersionMatch: match } = given;
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan')
    throw invalid(
      'resourceVersionMatch',
      `Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
    );
  if (watch && initial !== undefined && match !== 'NotOlderThan')
    throw invalid(
      'resourceVersionMatch',
      'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    );
  if (watch && initial === undefined && match !== '')
    throw invalid(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  if (!watch && initial !== undefined)
    throw invalid('sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list');
  if (!watch && match !== '' && given.resourceVersion === '')
    throw invalid(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
}

function invalid(field: string, why: string): StatusError {
  const message = `ListOptions.meta.k8s.io "" is invalid: ${field}: ${why}`;
  return new StatusError('Invalid', message, {
    group: 'meta.k8s.io',
    kind: 'ListOptions',
    causes: [{ reason: 'FieldValueInvalid', message: why, field }],
  });
}
