import type { Context, Hono } from 'hono';
import { mediaTypes } from './accept.ts';
import { basePath, groupVersion, type ResourceNames } from './resource.ts';
import { StatusError } from './status.ts';

/** What can only be asked, by POST: whether one may, and who one is. */
export const REVIEWS: readonly ResourceNames[] = [
  review('authentication.k8s.io', 'SelfSubjectReview'),
  review('authorization.k8s.io', 'SelfSubjectAccessReview'),
  review('authorization.k8s.io', 'SelfSubjectRulesReview'),
];

function review(group: string, kind: string): ResourceNames {
  const singular = kind.toLowerCase();
  const names = { group, version: 'v1', kind, plural: `${singular}s`, singular };
  return { ...names, shortNames: [], namespaced: false };
}

const READ_VERBS = ['get', 'list', 'watch'];

interface Group {
  readonly name: string;
  /** Of the same version. */
  readonly resources: readonly Named[];
}

type Named = ResourceNames & { readonly verbs: readonly string[] };

const AGGREGATED = 'APIGroupDiscoveryList';

/** Discovery of groups, versions and resources: in the form of old clients, and aggregated for kubectl since 1.26. */
export function serveDiscovery(app: Hono, resources: readonly ResourceNames[], version: string): void {
  const all = [
    ...resources.map((each) => ({ ...resourceNames(each), verbs: READ_VERBS })),
    ...REVIEWS.map((each) => ({ ...each, verbs: ['create'] })),
  ];
  const groups = groupsOf(all);
  const named = groups.filter(({ name }) => name !== '');
  app.get('/api', (c) =>
    answer(
      c,
      core(c),
      groups.filter(({ name }) => name === ''),
    ),
  );
  app.get('/apis', (c) => {
    const list = { kind: 'APIGroupList', apiVersion: 'v1', groups: named.map(groupOf) };
    return answer(c, list, named);
  });
  for (const group of groups) {
    const [first] = group.resources;
    if (first === undefined) continue;
    if (group.name !== '')
      app.get(`/apis/${group.name}`, (c) =>
        c.json({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) }),
      );
    app.get(basePath(first), (c) => c.json(resourceList(group)));
  }
  app.get('/version', (c) => c.json(versionOf(version)));
}

function resourceNames({
  group,
  version,
  kind,
  plural,
  singular,
  shortNames,
  namespaced,
}: ResourceNames): ResourceNames {
  return { group, version, kind, plural, singular, shortNames, namespaced };
}

function groupsOf(all: readonly Named[]): readonly Group[] {
  return [...Map.groupBy(all, ({ group }) => group)].map(([name, resources]) => ({ name, resources }));
}

function core(c: Context): unknown {
  const serverAddress = c.req.header('host') ?? 'localhost';
  const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress }];
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
}

function groupOf({ name, resources }: Group): Readonly<Record<string, unknown>> {
  const versions = [...new Set(resources.map(({ version }) => version))].map((version) => ({
    groupVersion: groupVersion({ group: name, version }),
    version,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList({ resources }: Group): unknown {
  const [first] = resources;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: first === undefined ? '' : groupVersion(first),
    resources: resources.map(({ plural, singular, kind, namespaced, shortNames, verbs }) => ({
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs,
      ...(shortNames.length === 0 ? {} : { shortNames }),
    })),
  };
}

/** In the old form or the aggregated one, whichever the client would rather have. */
function answer(c: Context, old: unknown, groups: readonly Group[]): Response {
  for (const { type, parameters } of mediaTypes(c.req.header('accept'))) {
    const { as, g: group, v: version } = parameters;
    if (as === AGGREGATED && group === 'apidiscovery.k8s.io' && (version === 'v2' || version === 'v2beta1')) {
      const contentType = `application/json;g=${group};v=${version};as=${AGGREGATED}`;
      return c.body(JSON.stringify(aggregated(groups, version)), 200, { 'content-type': contentType });
    }
    const plain = type === 'application/json' || type === '*/*' || type === 'application/*';
    if (plain && as === undefined) return c.json(old as object);
  }
  throw new StatusError('NotAcceptable', 'only the following media types are accepted: application/json');
}

function aggregated(groups: readonly Group[], version: string): unknown {
  return {
    kind: AGGREGATED,
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ name, resources }) => ({
      metadata: { name, creationTimestamp: null },
      versions: [...Map.groupBy(resources, (each) => each.version)].map(([each, own]) => ({
        version: each,
        freshness: 'Current',
        resources: own.map((resource) => ({
          resource: resource.plural,
          responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
          scope: resource.namespaced ? 'Namespaced' : 'Cluster',
          singularResource: resource.singular,
          verbs: resource.verbs,
          ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        })),
      })),
    })),
  };
}

/** What an API server of Kubernetes has that answers as this one does: kubectl tells of clients that are too far from it. */
const KUBERNETES = { major: '1', minor: '33' };

function versionOf(version: string): unknown {
  const { major, minor } = KUBERNETES;
  return {
    major,
    minor,
    gitVersion: `v${major}.${minor}.0+k8slab.${version}`,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '',
    goVersion: '',
    compiler: '',
    platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
    // The daemon's own.
    k8slab: version,
  };
}
