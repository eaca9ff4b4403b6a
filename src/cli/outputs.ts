import { ReasonedError } from '../api/errors.ts';
import { nearest } from '../api/nearest.ts';

/** What `-o` of `k8slab get` may be; what ends in `=` takes a value behind it. */
export const OUTPUTS = [
  'wide',
  'yaml',
  'json',
  'name',
  'jsonpath=',
  'jsonpath-as-json=',
  'jsonpath-file=',
  'custom-columns=',
  'custom-columns-file=',
] as const;

export type Output =
  | { readonly type: 'table'; readonly wide: boolean }
  | { readonly type: 'yaml' | 'json' | 'name' }
  | ({ readonly type: 'jsonpath'; readonly asJson?: true } & Template)
  | ({ readonly type: 'custom-columns' } & Template);

/** What to print, or the file that says so. */
export type Template = { readonly text: string } | { readonly file: string };

/** What follows `-o`. @throws ReasonedError BadArgument */
export function parseOutput(written: string | undefined): Output {
  if (written === undefined || written === '') return { type: 'table', wide: false };
  const at = written.indexOf('=');
  const [format, value] = at === -1 ? [written] : [written.slice(0, at), written.slice(at + 1)];
  switch (format) {
    case 'wide':
      return { type: 'table', wide: true };
    case 'yaml':
    case 'json':
    case 'name':
      return { type: format };
    case 'jsonpath':
      return { type: format, text: needed(format, value) };
    case 'custom-columns':
      return { type: format, text: needed(format, value) };
    case 'jsonpath-as-json':
      return { type: 'jsonpath', text: needed(format, value), asJson: true };
    case 'jsonpath-file':
      return { type: 'jsonpath', file: needed(format, value) };
    case 'custom-columns-file':
      return { type: 'custom-columns', file: needed(format, value) };
    default:
      throw unknownFormat(format);
  }
}

function needed(format: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  const example = format.startsWith('jsonpath')
    ? `-o ${format}='{.items[*].metadata.name}'`
    : `-o ${format}=NAME:.metadata.name`;
  const what = format.endsWith('-file') ? `-o ${format}=FILE` : example;
  throw new ReasonedError('BadArgument', `cannot print "${format}": nothing says what`, {
    hint: `write ${what}`,
  });
}

function unknownFormat(format = ''): ReasonedError {
  const hints = OUTPUTS.map((output) => output.replace('=', ''));
  const near = nearest(format, hints);
  const isTemplate = ['go-template', 'go-template-file', 'template', 'templatefile'].includes(format);
  const hint = isTemplate
    ? 'Go templates are not offered: use jsonpath= or custom-columns='
    : near === undefined
      ? `one of ${OUTPUTS.join(', ')}`
      : `did you mean "${near}"?`;
  return new ReasonedError('BadArgument', `cannot print "${format}": there is no such format`, { hint });
}
