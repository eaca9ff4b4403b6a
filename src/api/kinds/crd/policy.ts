/** A condition in CEL on requests that change something, and what whoever breaks it is told. */
export interface PolicyRule {
  readonly expression: string;
  readonly message: string;
}

export interface Policy {
  readonly name: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resources: readonly string[];
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
  /** Left out: everywhere. */
  readonly namespace?: string;
  /** In CEL, whose requests are meant; left out: everybody's. */
  readonly requestsOf?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
}

const ADMISSION = 'admissionregistration.k8s.io/v1';

/** The policy, and that it is in force. */
export function policyManifests(policy: Policy): readonly object[] {
  const { name, namespace } = policy;
  return [
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: policySpec(policy),
    },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        ...(namespace === undefined ? {} : { matchResources: inNamespace(namespace) }),
      },
    },
  ];
}

function policySpec(policy: Policy): object {
  const { apiGroup, apiVersion, resources, operations, requestsOf, variables = {}, rules } = policy;
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ apiGroups: [apiGroup], apiVersions: [apiVersion], resources, operations }],
    },
    ...(requestsOf === undefined
      ? {}
      : { matchConditions: [{ name: 'requests-of', expression: requestsOf }] }),
    variables: Object.entries(variables).map(([name, expression]) => ({ name, expression })),
    validations: rules.map((rule) => ({ ...rule, reason: 'Forbidden' })),
  };
}

function inNamespace(name: string): object {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}
