import { X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { explainError, ReasonedError, toError } from '../../api/errors.ts';
import { readPrivate } from '../secrets.ts';
import { KubeError } from './errors.ts';

/** How to reach an API server, and as whom. It holds secrets: nobody prints it. */
export interface Access {
  readonly server: string;
  /** PEM; undefined: the authorities that Node knows. */
  readonly ca?: string;
  /** PEM */
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** What the server's certificate names, if not the host of its URL. */
  readonly serverName?: string;
}

const MAX_BYTES = 1_000_000;

const Named = z.object({ name: z.string() });
const Cluster = z.object({
  server: z.url({ protocol: /^https$/, error: 'it must be a URL of https' }),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.base64().optional(),
  'insecure-skip-tls-verify': z.literal(false, { error: 'the server must be verified' }).optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.undefined({ error: 'proxies are not supported' }).optional(),
});
const LOGIN = 'k8slabd runs no program to log in: use a client certificate, a token or a tokenFile';
const User = z.object({
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.base64().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.base64().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  exec: z.undefined({ error: LOGIN }).optional(),
  'auth-provider': z.undefined({ error: LOGIN }).optional(),
  username: z.undefined({ error: 'API servers take no passwords any more' }).optional(),
  as: z.undefined({ error: 'k8slabd is itself to the API server' }).optional(),
});
const Context = z.object({ cluster: z.string(), user: z.string() });
const Kubeconfig = z.object({
  'current-context': z.string(),
  // Only those of the current context are looked at: others may be anything.
  clusters: z.array(Named.loose()),
  users: z.array(Named.loose()),
  contexts: z.array(Named.loose()),
});

/**
 * The current context of a kubeconfig, with the files that it names. Whoever reads it can act as this daemon, so it and the files
 * with secrets are root's alone.
 * @throws KubeError KubeconfigInvalid
 */
export async function readAccess(path: string): Promise<Access> {
  try {
    return await accessOf(parse(await readPrivate(path, MAX_BYTES)), dirname(path));
  } catch (error) {
    // What YAML and zod say may quote a line, and with it a token.
    const why = error instanceof ReasonedError ? explainError(error) : explain(error);
    throw new KubeError('KubeconfigInvalid', `cannot use kubeconfig "${path}": ${why}`, { cause: error });
  }
}

function explain(error: unknown): string {
  if (!(error instanceof z.ZodError)) return (toError(error).message.split('\n')[0] ?? '').slice(0, 200);
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

async function accessOf(document: unknown, directory: string): Promise<Access> {
  const config = Kubeconfig.parse(document);
  const context = pick(config.contexts, 'context', config['current-context'], Context);
  const cluster = pick(config.clusters, 'cluster', context.cluster, Cluster);
  const user = pick(config.users, 'user', context.user, User);

  function secret(data: string | undefined, file: string | undefined): Promise<string | undefined> {
    if (data !== undefined) return Promise.resolve(decode(data));
    return file === undefined ? Promise.resolve(undefined) : readPrivate(resolve(directory, file), MAX_BYTES);
  }
  function open(data: string | undefined, file: string | undefined): Promise<string | undefined> {
    if (data !== undefined) return Promise.resolve(decode(data));
    return file === undefined ? Promise.resolve(undefined) : readFile(resolve(directory, file), 'utf8');
  }
  const [ca, cert, key, token] = await Promise.all([
    open(cluster['certificate-authority-data'], cluster['certificate-authority']),
    open(user['client-certificate-data'], user['client-certificate']),
    secret(user['client-key-data'], user['client-key']),
    user.tokenFile === undefined ? user.token : secret(undefined, user.tokenFile),
  ]);
  if (token === undefined && (cert === undefined || key === undefined))
    throw new Error(`user "${context.user}" has neither a token nor a client certificate with its key`);
  return {
    server: cluster.server.replace(/\/$/, ''),
    ...defined({ ca, cert, key, token: token?.trim(), serverName: cluster['tls-server-name'] }),
  };
}

function pick<T>(
  list: readonly Record<string, unknown>[],
  what: string,
  name: string,
  schema: z.ZodType<T>,
): T {
  const found = list.find((each) => each['name'] === name);
  if (found === undefined) throw new Error(`it has no ${what} "${name}"`);
  return schema.parse(found[what] ?? {}, { reportInput: false });
}

function decode(data: string): string {
  return Buffer.from(data, 'base64').toString('utf8');
}

function defined<T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Why an API server does not take it, as far as the access itself tells; undefined: it looks well. */
export function whyRefused({ cert, token }: Access, now: number): string | undefined {
  const ends = cert === undefined ? undefined : certificateEnd(cert);
  if (ends !== undefined && ends < now) return `its client certificate expired on ${date(ends)}`;
  const until = token === undefined ? undefined : tokenEnd(token);
  if (until !== undefined && until < now) return `its token expired on ${date(until)}`;
  return undefined;
}

function certificateEnd(pem: string): number | undefined {
  try {
    return new X509Certificate(pem).validToDate.getTime();
  } catch {
    return undefined;
  }
}

/** Tokens of service accounts are JSON Web Tokens, others mean nothing to us. */
function tokenEnd(token: string): number | undefined {
  try {
    const claims = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    ) as unknown;
    const { data } = z.object({ exp: z.number() }).safeParse(claims);
    return data === undefined ? undefined : data.exp * 1000;
  } catch {
    return undefined;
  }
}

function date(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
}
