import { dirname } from 'node:path';
import { isMap, isSeq, parseDocument, stringify, type Document } from 'yaml';
import { ReasonedError } from '../api/errors.ts';
import { ensureDir, readIfExists, writeAtomic } from '../drivers/files.ts';
import type { Client } from './client.ts';

/** What the entries of a kubeconfig are called. */
const NAME = 'k8slab';

interface Answer {
  readonly server: string;
  /** PEM */
  readonly ca: string;
  readonly token: string;
}

/**
 * A kubeconfig for the daemon's API on HTTPS: its text, or with `output` what was done. A file that is there keeps its other
 * clusters, users and contexts, and which of them it uses.
 * @throws ReasonedError InvalidKubeconfig, NotFound where the API is not served on HTTPS
 */
export async function kubeconfig(client: Client, { output }: { readonly output?: string }): Promise<string> {
  const answer = (await client.post('kubeconfig', {})) as Answer;
  const own = entriesOf(answer);
  if (output === undefined)
    return stringify({ ...EMPTY, ...only(own), 'current-context': NAME }, { lineWidth: 0 });
  const before = await readIfExists(output);
  const text = merged(output, before?.trim() === '' ? undefined : before, own);
  await ensureDir(dirname(output), 0o700);
  await writeAtomic(output, text, { mode: 0o600 });
  const use = `kubectl --kubeconfig ${output} --context ${NAME} get nodes.k8slab.io`;
  return `context "${NAME}" is in ${output}; try it: ${use}\n`;
}

const EMPTY = { apiVersion: 'v1', kind: 'Config' };

type Entries = Readonly<Record<'clusters' | 'users' | 'contexts', { readonly name: string }>>;

function entriesOf({ server, ca, token }: Answer): Entries {
  const authority = { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return {
    clusters: { name: NAME, cluster: { server, ...authority } },
    users: { name: NAME, user: { token } },
    contexts: { name: NAME, context: { cluster: NAME, user: NAME } },
  } as Entries;
}

function only(entries: Entries): object {
  return Object.fromEntries(Object.entries(entries).map(([list, entry]) => [list, [entry]]));
}

function merged(path: string, before: string | undefined, own: Entries): string {
  const document = parseDocument(before ?? stringify(EMPTY));
  const { contents } = document;
  const [error] = document.errors;
  if (error !== undefined) throw invalid(path, error.message.split('\n')[0] ?? '');
  if (!isMap(contents) || document.get('kind') !== 'Config') throw invalid(path, 'its kind is not Config');
  for (const [list, entry] of Object.entries(own)) put(document, list, entry);
  if (!document.get('current-context')) document.set('current-context', NAME);
  return document.toString({ lineWidth: 0 });
}

/** In the place of the entry of that name, or behind the others. */
function put(document: Document, list: string, entry: { readonly name: string }): void {
  const entries = document.get(list);
  const node = document.createNode(entry);
  if (!isSeq(entries)) {
    document.set(list, document.createNode([entry]));
    return;
  }
  const at = entries.items.findIndex((each) => isMap(each) && each.get('name') === entry.name);
  if (at === -1) entries.items.push(node);
  else entries.items[at] = node;
}

function invalid(path: string, why: string): ReasonedError {
  const message = `cannot add to kubeconfig "${path}": ${why}`;
  return new ReasonedError('InvalidKubeconfig', message, { hint: 'name another file with --output' });
}
