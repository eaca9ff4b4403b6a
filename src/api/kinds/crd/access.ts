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

const GROUPS = [VMHOSTS_GROUP, SERVICE_ACCOUNTS_GROUP];
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
    leasesFirst(),
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

const LEASES: readonly [Rule] = [
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['create', 'get', 'list', 'patch', 'update', 'watch'],
  },
];

const EVENTS: readonly Rule[] = [
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
];

/**
 * An API server that has more to do than it can puts the Leases of vmhosts before all else that daemons ask for, as it does with
 * those of kubelets: a vmhost that is well would be called Unknown otherwise, which asks for still more.
 */
function leasesFirst(): object {
  const [{ apiGroups, resources }] = LEASES;
  return {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name: 'k8slab-leases' },
    spec: {
      priorityLevelConfiguration: { name: 'node-high' },
      // That of the kubelets' own.
      matchingPrecedence: 400,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: GROUPS.map((name) => ({ kind: 'Group', group: { name } })),
          resourceRules: [{ apiGroups, resources, verbs: ['*'], namespaces: [NAMESPACE] }],
        },
      ],
    },
  };
}

function role(kind: string, namespace: string | undefined, rules: readonly Rule[]): object {
  return { apiVersion: `${RBAC}/v1`, kind, metadata: metadata(namespace), rules };
}

function binding(kind: string, namespace: string | undefined): object {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata: metadata(namespace),
    roleRef: { apiGroup: RBAC, kind, name: NAME },
    subjects: GROUPS.map((name) => ({ apiGroup: RBAC, kind: 'Group', name })),
  };
}

function metadata(namespace: string | undefined): object {
  return { name: NAME, ...(namespace === undefined ? {} : { namespace }) };
}
