import { stringify } from 'yaml';
import { customResourceDefinitions } from '../api/kinds/crd/crd.ts';
import { accessManifests } from '../api/kinds/crd/access.ts';
import { policies } from '../api/kinds/crd/policies.ts';
import { KINDS } from '../api/kinds/list.ts';

/** What makes an API server know k8slab's kinds, as `kubectl apply` takes it. */
export function crdManifests(): string {
  return documents(customResourceDefinitions(KINDS));
}

/** What the daemons of vmhosts may do there. */
export function rbacManifests(): string {
  return documents([...accessManifests(KINDS), ...policies(KINDS)]);
}

function documents(objects: readonly object[]): string {
  return objects.map((each) => stringify(each, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
}
