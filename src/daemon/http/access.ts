import { timingSafeEqual } from 'node:crypto';
import type { Context, Hono, MiddlewareHandler, Next } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { API_VERSION } from '../../api/meta.ts';
import { REVIEWS } from './discovery.ts';
import { basePath, type ResourceNames } from './resource.ts';
import { answerStatus, StatusError } from './status.ts';

/** Who asks: everybody who may look, or the one who may have things done too. */
export type Access = 'read' | 'admin';

/** More than the manifests of a thousand Nodes. */
const MAX_BODY = 16 * 1024 * 1024;

/** A body that is larger is refused before it is read, or as soon as more than that was read. */
export const bounded: MiddlewareHandler = bodyLimit({
  maxSize: MAX_BODY,
  onError: (c) => {
    c.header('connection', 'close');
    return answerStatus(c, 'RequestEntityTooLarge', `the request is too large: limit is ${MAX_BODY} bytes`);
  },
});

export const NOT_EDITED =
  'objects are edited as manifests in the directory of manifests, by default /etc/k8slab.d';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);
/** What is asked by POST and changes nothing. */
const ASKED: ReadonlySet<string> = new Set([
  `/apis/${API_VERSION}/plan`,
  ...REVIEWS.map((each) => `${basePath(each)}/${each.plural}`),
]);

interface Refused {
  readonly resources: readonly ResourceNames[];
  readonly access: Access;
}

/** Objects are never written here; the verbs that change something are for whoever has the right to. */
export function refuseWrites(app: Hono, { resources, access }: Refused): void {
  app.use(async (c, next) => {
    const { method, path } = c.req;
    if (READING.has(method) || ASKED.has(path)) return next();
    if (resources.some((each) => isAt(path, each)))
      throw new StatusError('MethodNotAllowed', `${method} is not supported: ${NOT_EDITED}`);
    if (access === 'admin') return next();
    throw new StatusError(
      'Forbidden',
      `${method} ${path} changes something, which only root may, by the socket admin.sock`,
    );
  });
}

function isAt(path: string, resource: ResourceNames): boolean {
  const [base, plural] = [basePath(resource), `/${resource.plural}`];
  const rest = resource.namespaced ? path.replace(/\/namespaces\/[^/]+/, '') : path;
  return rest.startsWith(base + plural) && /^(\/[^/]*)?$/.test(rest.slice(base.length + plural.length));
}

/** Nothing is told to who does not name the token. */
export function requireToken(app: Hono, token: string): void {
  const expected = Buffer.from(`Bearer ${token}`);
  app.use(async (c, next) => {
    if (isSame(Buffer.from(c.req.header('authorization') ?? ''), expected)) return next();
    return unauthorized(c);
  });
}

function unauthorized(c: Context): Response {
  c.header('www-authenticate', 'Bearer realm="k8slab"');
  return answerStatus(c, 'Unauthorized', 'Unauthorized');
}

function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** A page of the web whose name was made to mean this machine is told nothing. */
export async function loopbackOnly(c: Context, next: Next): Promise<Response | undefined> {
  // Whatever a request names as its host is in its URL, which may be none.
  if (!LOOPBACK.test(URL.parse(c.req.url)?.host ?? ''))
    return answerStatus(c, 'Forbidden', 'this port answers loopback addresses and localhost only');
  await next();
  return undefined;
}
