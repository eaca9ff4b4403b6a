import { API_VERSION } from '../api/meta.ts';
import type { Client } from './client.ts';
import { alignColumns } from './print-table.ts';

export interface ApiResourcesFlags {
  readonly headers: boolean;
  /** `wide` or `name`. */
  readonly output?: string;
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** What the daemon serves, as `kubectl api-resources` prints it. */
export async function apiResources(client: Client, { headers, output }: ApiResourcesFlags): Promise<string> {
  const { resources } = (await client.get(`/apis/${API_VERSION}`)) as { resources: readonly ApiResource[] };
  const shown = resources
    .filter(({ name }) => !name.includes('/'))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (output === 'name')
    return shown.map(({ name }) => `${name}.${API_VERSION.replace(/\/.*/, '')}\n`).join('');
  const wide = output === 'wide';
  const header = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(wide ? ['VERBS'] : [])];
  const rows = shown.map(({ name, shortNames = [], namespaced, kind, verbs }) => [
    name,
    shortNames.join(','),
    API_VERSION,
    String(namespaced),
    kind,
    ...(wide ? [verbs.join(',')] : []),
  ]);
  return alignColumns([...(headers ? [header] : []), ...rows]);
}
