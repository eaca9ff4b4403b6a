import type { FrontendSpec, LoadBalancerSpec } from './spec.ts';
import { backendName } from './render.ts';
import type { FieldIssue, FieldPath } from '../manifest/types.ts';

/** Rules between the fields of a LoadBalancer. */
export function checkLoadBalancer(spec: LoadBalancerSpec): readonly FieldIssue[] {
  return [
    ...nameIssues(spec),
    ...portIssues(spec),
    ...spec.frontends.flatMap((frontend, index) => [
      ...selectorIssues(frontend, index),
      ...checkIssues(frontend, index),
    ]),
  ];
}

/** The section of the page of statistics. */
const STATS = 'stats';

function nameIssues({ frontends, stats }: LoadBalancerSpec): readonly FieldIssue[] {
  const names = frontends.map(({ name }) => name);
  const backends = frontends.map(backendName);
  const reserved = stats === undefined ? [] : [STATS];
  return [
    ...taken([...reserved, ...names], (index) => ['spec', 'frontends', index - reserved.length, 'name']),
    ...taken([...reserved, ...backends], (index) => {
      const at = index - reserved.length;
      return [
        'spec',
        'frontends',
        at,
        ...(frontends[at]?.backend.name === undefined ? [] : ['backend']),
        'name',
      ];
    }),
  ].filter(({ path }, index, all) => all.findIndex((other) => other.path.join() === path.join()) === index);
}

function taken(names: readonly string[], pathOf: (index: number) => FieldPath): FieldIssue[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [{ path: pathOf(index), code: 'InvalidValue' as const, message: `name ${name} is there twice` }],
  );
}

interface Listener {
  readonly path: FieldPath;
  readonly address: string | undefined;
  readonly port: number;
}

/** Two listeners of one port must name different addresses. */
function portIssues({ frontends, stats }: LoadBalancerSpec): readonly FieldIssue[] {
  const listeners: Listener[] = frontends.map(({ address, port }, index) => ({
    path: ['spec', 'frontends', index, 'port'],
    address,
    port,
  }));
  if (stats !== undefined) {
    listeners.push({ path: ['spec', 'stats', 'port'], address: stats.address, port: stats.port });
  }
  return listeners.flatMap((listener, index) => {
    const earlier = listeners.slice(0, index).some((other) => collide(listener, other));
    const message = `port ${listener.port} is listened on already`;
    return earlier ? [{ path: listener.path, code: 'InvalidValue' as const, message }] : [];
  });
}

function collide(a: Listener, b: Listener): boolean {
  return a.port === b.port && (a.address === undefined || b.address === undefined || a.address === b.address);
}

function selectorIssues({ backend }: FrontendSpec, index: number): readonly FieldIssue[] {
  if (backend.role !== undefined || Object.keys(backend.labels ?? {}).length > 0) return [];
  const path = ['spec', 'frontends', index, 'backend'];
  return [{ path, code: 'MissingField', message: 'role or labels must say which Nodes are its servers' }];
}

function checkIssues({ backend: { check } }: FrontendSpec, index: number): readonly FieldIssue[] {
  const path = ['spec', 'frontends', index, 'backend', 'check'];
  const { type, path: asked, intervalSeconds, rise, fall } = check;
  if (asked !== undefined && type !== 'http' && type !== 'https') {
    const message = 'only http and https checks ask for a path';
    return [{ path: [...path, 'path'], code: 'InvalidValue', message }];
  }
  if (type !== 'none') return [];
  return Object.entries({ intervalSeconds, rise, fall }).flatMap(([field, value]) =>
    value === undefined
      ? []
      : [{ path: [...path, field], code: 'InvalidValue' as const, message: 'there is no check' }],
  );
}
