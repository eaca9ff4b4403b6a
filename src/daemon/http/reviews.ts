import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { API_GROUP } from '../../api/meta.ts';
import { REVIEWS } from './discovery.ts';
import { basePath, type ResourceNames } from './resource.ts';
import { readReview } from './review-body.ts';
import { StatusError } from './status.ts';

const VERBS = ['get', 'list', 'watch'];
/** Paths that are no resources: discovery, health, schemas. */
const PATHS = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
];

const access = z.object({
  spec: z.object({
    resourceAttributes: z
      .object({
        verb: z.string().default(''),
        group: z.string().default(''),
        resource: z.string().default(''),
        subresource: z.string().default(''),
      })
      .optional(),
    nonResourceAttributes: z
      .object({ path: z.string().default(''), verb: z.string().default('') })
      .optional(),
  }),
});

const rules = z.object({ spec: z.object({ namespace: z.string().optional() }).default({}) });

type Access = z.output<typeof access>['spec'];

/** `kubectl auth can-i` and `whoami`: everybody who reaches the API may read, and nobody writes objects here. */
export function serveReviews(app: Hono, resources: readonly ResourceNames[], why: string): void {
  const [who, can, list] = REVIEWS;
  if (who === undefined || can === undefined || list === undefined) return;
  app.post(pathOf(who), (c) =>
    c.json({ ...head(who), status: { userInfo: { username: 'k8slab', groups: ['k8slab'] } } }, 201),
  );
  app.post(pathOf(can), async (c) => {
    const { spec } = await bodyOf(c, access, can);
    const allowed = isAllowed(spec, resources);
    return c.json({ ...head(can), spec, status: { allowed, ...(allowed ? {} : { reason: why }) } }, 201);
  });
  app.post(pathOf(list), async (c) => {
    const { spec } = await bodyOf(c, rules, list);
    return c.json({ ...head(list), spec, status: rulesOf(resources) }, 201);
  });
}

function pathOf(names: ResourceNames): string {
  return `${basePath(names)}/${names.plural}`;
}

function head({ group, version, kind }: ResourceNames): Readonly<Record<string, unknown>> {
  return { kind, apiVersion: `${group}/${version}`, metadata: { creationTimestamp: null } };
}

async function bodyOf<T>(c: Context, schema: z.ZodType<T>, { kind }: ResourceNames): Promise<T> {
  const body = schema.safeParse(await readReview(c, kind));
  if (body.success) return body.data;
  throw new StatusError('BadRequest', `the body must be a ${kind}`);
}

function isAllowed(
  { resourceAttributes, nonResourceAttributes }: Access,
  resources: readonly ResourceNames[],
): boolean {
  if (nonResourceAttributes !== undefined) {
    const { path, verb } = nonResourceAttributes;
    return (
      verb === 'get' &&
      PATHS.some((each) => (each.endsWith('*') ? path.startsWith(each.slice(0, -1)) : path === each))
    );
  }
  if (resourceAttributes === undefined) return false;
  const { verb, group, resource, subresource } = resourceAttributes;
  if (subresource !== '') return false;
  const all = resource === '*' && (group === API_GROUP || group === '*');
  const known = all || resources.some((each) => each.group === group && each.plural === resource);
  return known && VERBS.includes(verb);
}

function rulesOf(resources: readonly ResourceNames[]): unknown {
  const groups = Map.groupBy(resources, ({ group }) => group);
  return {
    resourceRules: [
      ...[...groups].map(([group, own]) => ({
        verbs: VERBS,
        apiGroups: [group],
        resources: own.map(({ plural }) => plural),
      })),
      ...REVIEWS.map(({ group, plural }) => ({ verbs: ['create'], apiGroups: [group], resources: [plural] })),
    ],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: PATHS }],
    incomplete: false,
  };
}
