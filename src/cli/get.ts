import { ReasonedError } from '../api/errors.ts';
import { KIND_NAMES } from '../api/kinds/names.ts';
import { indexWords } from '../api/kinds/words.ts';
import { objectWord, type ApiObject, type Kind } from '../api/meta.ts';
import { nearest } from '../api/nearest.ts';
import type { Table } from '../api/kinds/table.ts';
import type { Client } from './client.ts';
import type { Output } from './outputs.ts';
import { printTable } from './print-table.ts';

export interface GetFlags {
  readonly output?: Output;
  readonly headers: boolean;
  readonly ignoreNotFound?: boolean;
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export interface Selection {
  readonly kind: Kind;
  readonly name?: string;
}

/** `TYPE NAME…`, `TYPE/NAME…`, `TYPE1,TYPE2` or nothing, which means everything. */
export function parseSelection(args: readonly string[]): Selection[] {
  const [first, ...names] = args;
  if (first === undefined || first === 'all') return KIND_NAMES.map(({ kind }) => ({ kind }));
  if (args.some((arg) => arg.includes('/'))) return args.map(parseReference);
  const kinds = first.split(',').map(kindOf);
  if (names.length === 0) return kinds.map((kind) => ({ kind }));
  return kinds.flatMap((kind) => names.map((name) => ({ kind, name })));
}

function parseReference(arg: string): Selection {
  const [kind = '', name = '', ...more] = arg.split('/');
  if (name === '' || more.length > 0)
    throw new ReasonedError(
      'BadArgument',
      `cannot get "${arg}": write it as TYPE/NAME, such as node/master00`,
    );
  return { kind: kindOf(kind), name };
}

function kindOf(word: string): Kind {
  const index = indexWords(KIND_NAMES);
  const names = index.resolve(word);
  if (names !== undefined) return names.kind;
  const near = nearest(word, index.words);
  const hint =
    near === undefined
      ? `one of ${KIND_NAMES.map(({ plural }) => plural).join(', ')}`
      : `did you mean "${near}"?`;
  throw new ReasonedError('UnknownKind', `cannot get "${word}": there is no such kind`, { hint });
}

/** What `k8slab get` prints on stdout; an empty selection is told on stderr by the caller. */
export async function get(client: Client, args: readonly string[], flags: GetFlags): Promise<string> {
  const selections = parseSelection(args);
  if (flags.output === undefined || flags.output === 'wide') return getTables(client, selections, flags);
  const named = selections.length === 1 && selections[0]?.name !== undefined;
  const objects = (await Promise.all(selections.map((each) => fetchObjects(client, each, flags)))).flat();
  if (flags.output === 'name') {
    return objects.map(({ kind, metadata }) => `${objectWord({ kind, name: metadata.name })}\n`).join('');
  }
  const [single] = objects;
  const whole =
    named && single !== undefined ? single : { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects };
  if (flags.output === 'json') return `${JSON.stringify(whole, null, 2)}\n`;
  const { printYaml } = await import('./print-yaml.ts');
  return printYaml(whole);
}

async function getTables(client: Client, selections: readonly Selection[], flags: GetFlags): Promise<string> {
  const tables = new Map<Kind, Table>();
  for (const selection of selections) {
    const table = (await ask(client, selection, flags, TABLE)) as Table | undefined;
    if (table === undefined) continue;
    const before = tables.get(selection.kind);
    tables.set(
      selection.kind,
      before === undefined ? table : { ...before, rows: [...before.rows, ...table.rows] },
    );
  }
  const filled = [...tables].filter(([, { rows }]) => rows.length > 0);
  const options = { wide: flags.output === 'wide', headers: flags.headers };
  return filled
    .map(([kind, table]) => printTable(filled.length > 1 ? withKind(kind, table) : table, options))
    .join('\n');
}

/** Several kinds at once: names carry their kind, as kubectl shows them. */
function withKind(kind: Kind, table: Table): Table {
  const rows = table.rows.map(({ cells: [name = '', ...rest], object }) => ({
    cells: [objectWord({ kind, name }), ...rest],
    object,
  }));
  return { ...table, rows };
}

async function fetchObjects(client: Client, selection: Selection, flags: GetFlags): Promise<ApiObject[]> {
  const answer = await ask(client, selection, flags);
  if (answer === undefined) return [];
  return selection.name === undefined ? (answer as { items: ApiObject[] }).items : [answer as ApiObject];
}

async function ask(
  client: Client,
  { kind, name }: Selection,
  flags: GetFlags,
  accept?: string,
): Promise<unknown> {
  const plural = KIND_NAMES.find((names) => names.kind === kind)?.plural ?? '';
  try {
    return await client.get(name === undefined ? plural : `${plural}/${encodeURIComponent(name)}`, accept);
  } catch (error) {
    const missing = error instanceof ReasonedError && error.reason === 'NotFound';
    if (missing && flags.ignoreNotFound === true) return undefined;
    throw error;
  }
}
