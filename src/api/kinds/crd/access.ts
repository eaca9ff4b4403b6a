import { API_GROUP } from '../../meta.ts';
import { namesOf, type Kinds } from '../kinds.ts';

/** Where the Leases of vmhosts are, and their service accounts. */
export const NAMESPACE = 'k8slab-system';
/** Objects without a namespace have their Events here. */
const EVENTS_NAMESPACE = 'default';
/** Of the client certificates or tokens of daemons: the group of all of them, and what the user of each begins with. */
export const VMHOSTS_GROUP = 'k8slab:vmhosts';
export const VMHOST_USER = 'k8slab:vmhost:';
/** What the name of a vmhost's service account begins with, and of its Lease. */
export const VMHOST_PREFIX = 'vmhost-';
export const SERVICE_ACCOUNTS_GROUP = `system:serviceaccounts:${NAMESPACE}`;
export const SERVICE_ACCOUNT_USER = `system:serviceaccount:${NAMESPACE}:${VMHOST_PREFIX}`;

const RBAC = 'rbac.authorization.k8s.io';
const NAME = 'k8slab:vmhost';

/**
 * What a daemon may do at all, for the group of the daemons. Which fields of which objects is the policies' to say
 * (`policies.ts`), since RBAC knows neither.
 */
export function accessManifests(kinds: Kinds): readonly object[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    role('ClusterRole', undefined, clusterRules(kinds)),
    binding('ClusterRole', undefined),
    role('Role', NAMESPACE, LEASES),
    binding('Role', NAMESPACE),
    role('Role', EVENTS_NAMESPACE, EVENTS),
    binding('Role', EVENTS_NAMESPACE),
  ];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function clusterRules(kinds: Kinds): readonly Rule[] {
  const all = kinds.all.map((each) => namesOf(each).plural);
  const own = kinds.all.filter(({ manifest }) => manifest === undefined).map((each) => namesOf(each).plural);
  const apiGroups = [API_GROUP];
  return [
    { apiGroups, resources: all, verbs: ['get', 'list', 'watch', 'patch', 'update'] },
    { apiGroups, resources: all.map((plural) => `${plural}/status`), verbs: ['get', 'patch', 'update'] },
    { apiGroups, resources: own, verbs: ['create'] },
  ];
}

const LEASES: readonly Rule[] = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['create', 'get', 'list', 'patch', 'update', 'watch'],
  },
];

const EVENTS: readonly Rule[] = [
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
];

function role(kind: string, namespace: string | undefined, rules: readonly Rule[]): object {
  return { apiVersion: `${RBAC}/v1`, kind, metadata: metadata(namespace), rules };
}

function binding(kind: string, namespace: string | undefined): object {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata: metadata(namespace),
    roleRef: { apiGroup: RBAC, kind, name: NAME },
    subjects: [VMHOSTS_GROUP, SERVICE_ACCOUNTS_GROUP].map((name) => ({
      apiGroup: RBAC,
      kind: 'Group',
      name,
    })),
  };
}

function metadata(namespace: string | undefined): object {
  return { name: NAME, ...(namespace === undefined ? {} : { namespace }) };
}
