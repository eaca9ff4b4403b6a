import { StatusError } from './status.ts';

/** How an answer is shown. */
export type Form =
  | { readonly as: 'Object' }
  | { readonly as: 'Partial'; readonly version: MetaVersion }
  | { readonly as: 'Table'; readonly version: MetaVersion; readonly include: Include };

/** Of meta.k8s.io. */
export type MetaVersion = 'v1' | 'v1beta1';
/** What the rows of a table have beside their cells. */
export type Include = 'None' | 'Metadata' | 'Object';

const JSON_TYPES = new Set(['application/json', 'application/*', '*/*']);

/** A media type of an Accept header with its parameters. */
export interface Wanted {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The first form of an Accept header that there is.
 * @throws StatusError NotAcceptable, BadRequest
 */
export function formOf(accept: string | undefined, includeObject: string | undefined): Form {
  for (const { type, parameters } of mediaTypes(accept)) {
    if (!JSON_TYPES.has(type)) continue;
    const { as, g: group, v: version } = parameters;
    if (as === undefined) return { as: 'Object' };
    if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue;
    if (as === 'Table') return { as, version, include: includeOf(includeObject) };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
      return { as: 'Partial', version };
  }
  throw new StatusError(
    'NotAcceptable',
    'only the following media types are accepted: application/json, also as=Table and as=PartialObjectMetadataList of meta.k8s.io',
  );
}

/** In their order; without the header, anything. */
export function mediaTypes(accept: string | undefined): readonly Wanted[] {
  return (accept?.trim() || '*/*').split(',').map((text) => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim());
    const parameters = rest.map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at), part.slice(at + 1)] as const;
    });
    return { type: type.toLowerCase(), parameters: Object.fromEntries(parameters) };
  });
}

function includeOf(text: string | undefined): Include {
  if (text === undefined || text === '') return 'Metadata';
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text;
  throw new StatusError('BadRequest', `unrecognized includeObject value: "${text}"`);
}
