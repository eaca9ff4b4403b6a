import { API_GROUP, API_VERSION } from '../../meta.ts';
import { namesOf, type Kinds } from '../kinds.ts';
import {
  NAMESPACE,
  SERVICE_ACCOUNT_USER,
  SERVICE_ACCOUNTS_GROUP,
  VMHOST_PREFIX,
  VMHOST_USER,
  VMHOSTS_GROUP,
} from './access.ts';
import { manifestsPolicy } from './map-keys.ts';
import { policyManifests, type Policy, type PolicyRule } from './policy.ts';

/** What RBAC cannot say: which objects a daemon may change, and which of their fields. */
export function policies(kinds: Kinds): readonly object[] {
  const objects = kinds.manifests.map((each) => namesOf(each).plural);
  return [
    manifestsPolicy(kinds),
    objectsPolicy(objects),
    nodesPolicy,
    sharedPolicy,
    vmhostsPolicy,
    leasesPolicy,
  ].flatMap(policyManifests);
}

/** Names of daemons are told by who asks. */
const OF_DAEMONS = {
  requestsOf: `request.userInfo.groups.exists(group, group in ['${VMHOSTS_GROUP}', '${SERVICE_ACCOUNTS_GROUP}'])`,
  variables: { vmhost: [VMHOST_USER, SERVICE_ACCOUNT_USER].reduceRight(nameBehind, "''") },
};

function nameBehind(otherwise: string, prefix: string): string {
  const user = 'request.userInfo.username';
  return `${user}.startsWith('${prefix}') ? ${user}.substring(${prefix.length}) : ${otherwise}`;
}

const NAMED: PolicyRule = {
  expression: "variables.vmhost != ''",
  message: `k8slabd is no vmhost to this API server: its user must be ${VMHOST_USER}NAME, or its service account ${VMHOST_PREFIX}NAME`,
};

const OURS = { apiGroup: API_GROUP, apiVersion: API_VERSION.slice(API_GROUP.length + 1) };

function objectsPolicy(resources: readonly string[]): Policy {
  return {
    ...OURS,
    ...OF_DAEMONS,
    name: 'k8slab-daemons-objects',
    resources,
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    rules: [
      NAMED,
      {
        expression: "request.operation == 'UPDATE'",
        message: 'a k8slabd neither makes nor deletes what people write',
      },
      {
        expression: `request.operation != 'UPDATE' || (object.spec == oldObject.spec && ${same('labels', '{}')} && ${same('annotations', '{}')} && ${same('ownerReferences', '[]')})`,
        message: 'a k8slabd changes nothing of a spec, nor labels, annotations and owners',
      },
      {
        expression: `request.operation != 'UPDATE' || ${withoutOwn('object')} == ${withoutOwn('oldObject')}`,
        message: `of finalizers a k8slabd sets and takes off its own only: vmhost.${API_GROUP}/ and its name`,
      },
    ],
  };
}

function same(field: string, none: string): string {
  return `object.metadata.?${field}.orValue(${none}) == oldObject.metadata.?${field}.orValue(${none})`;
}

function withoutOwn(object: string): string {
  return `${object}.metadata.?finalizers.orValue([]).filter(each, each != 'vmhost.${API_GROUP}/' + variables.vmhost)`;
}

const nodesPolicy: Policy = {
  ...OURS,
  name: 'k8slab-daemons-nodes',
  resources: ['nodes/status'],
  operations: ['UPDATE'],
  requestsOf: OF_DAEMONS.requestsOf,
  variables: {
    ...OF_DAEMONS.variables,
    before: "oldObject.?status.?vmhost.orValue('')",
    after: "object.?status.?vmhost.orValue('')",
    ...statusVariables(['conditions', 'vmhost']),
  },
  rules: [
    NAMED,
    {
      expression:
        "variables.before == variables.after || variables.before == '' || (variables.before == variables.vmhost && variables.after == '')",
      message:
        'a Node that is bound stays where it is, until the k8slabd of that vmhost has removed the guest',
    },
    {
      expression: `variables.before == variables.vmhost || (variables.restIsSame && ${othersConditions("each.type == 'Scheduled' || each.status == 'Unknown'")})`,
      message:
        'of a Node that is bound to another vmhost, or to none, a k8slabd writes the condition Scheduled only, or that a condition is Unknown',
    },
  ],
};

/** Networks and Images: each daemon has an entry of its own in `status.vmhosts`. */
const sharedPolicy: Policy = {
  ...OURS,
  name: 'k8slab-daemons-shared',
  resources: ['networks/status', 'images/status'],
  operations: ['UPDATE'],
  requestsOf: OF_DAEMONS.requestsOf,
  variables: {
    ...OF_DAEMONS.variables,
    before: 'oldObject.?status.?vmhosts.orValue([]).filter(each, each.name != variables.vmhost)',
    after: 'object.?status.?vmhosts.orValue([]).filter(each, each.name != variables.vmhost)',
  },
  rules: [
    NAMED,
    {
      expression:
        "variables.after.all(each, each in variables.before || (each.ready == 'Unknown' && variables.before.exists(one, one.name == each.name))) && variables.before.all(each, each.ready == 'Unknown' || variables.after.exists(one, one.name == each.name))",
      message:
        "in status.vmhosts a k8slabd writes its own vmhost's entry; of another it says only that it is Unknown, and takes it out once it is",
    },
  ],
};

const vmhostsPolicy: Policy = {
  ...OURS,
  name: 'k8slab-daemons-vmhosts',
  resources: ['vmhosts', 'vmhosts/status'],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  requestsOf: OF_DAEMONS.requestsOf,
  variables: { ...OF_DAEMONS.variables, ...statusVariables(['conditions']) },
  rules: [
    NAMED,
    {
      expression: `request.name == variables.vmhost || (request.operation == 'UPDATE' && request.?subResource.orValue('') == 'status' && variables.restIsSame && ${othersConditions("each.status == 'Unknown'")})`,
      message: 'of another Vmhost a k8slabd says only that a condition is Unknown',
    },
  ],
};

const leasesPolicy: Policy = {
  name: 'k8slab-daemons-leases',
  apiGroup: 'coordination.k8s.io',
  apiVersion: 'v1',
  resources: ['leases'],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  namespace: NAMESPACE,
  ...OF_DAEMONS,
  rules: [
    NAMED,
    {
      expression: `request.name in ['${VMHOST_PREFIX}' + variables.vmhost, 'k8slab-scheduler']`,
      message: `a k8slabd holds the Lease ${VMHOST_PREFIX}NAME of its own vmhost, or k8slab-scheduler`,
    },
  ],
};

/** Whether the status is as it was but for some fields. */
function statusVariables(but: readonly string[]): Readonly<Record<string, string>> {
  const fields = JSON.stringify(but);
  const in_ = (a: string, b: string): string =>
    `variables.${a}.all(field, field in ${fields} || (field in variables.${b} && variables.${a}[field] == variables.${b}[field]))`;
  return {
    was: 'oldObject.?status.orValue({})',
    is: 'object.?status.orValue({})',
    restIsSame: `${in_('is', 'was')} && ${in_('was', 'is')}`,
  };
}

/** Whether conditions that are new or other than before are such, and all that were there are there. */
function othersConditions(such: string): string {
  const conditions = (of: string): string => `variables.${of}.?conditions.orValue([])`;
  const kept = `${conditions('was')}.all(each, ${conditions('is')}.exists(one, one.type == each.type))`;
  return `${conditions('is')}.all(each, each in ${conditions('was')} || ${such}) && ${kept}`;
}
