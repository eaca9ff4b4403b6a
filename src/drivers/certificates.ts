import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { ReasonedError, toError } from '../api/errors.ts';
import { exec, ExecError, type Exec } from './exec.ts';
import { ensureDir, readIfExists, removeIfExists, writeAtomic } from './files.ts';

/** What a server on TLS shows, and what its clients need. */
export interface ServerIdentity {
  /** PEM: what clients check the server by. */
  readonly ca: string;
  /** PEM */
  readonly key: string;
  /** PEM */
  readonly cert: string;
  /** What clients name themselves by. */
  readonly token: string;
  /** Milliseconds since the epoch: from then on it is to be looked at again. */
  readonly renewAt: number;
}

export interface IdentityOptions {
  /** Made where there is none; root's alone. */
  readonly dir: string;
  /** Names and addresses of the server. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly run?: Exec;
}

const DAY_MS = 24 * 3600 * 1000;
const CA = { name: 'ca', days: 3650, renewDays: 730 };
const SERVER = { name: 'server', days: 365, renewDays: 90 };
const DEADLINE_MS = 30_000;
const PRIVATE = { mode: 0o600 };
const TOKEN = /^[A-Za-z0-9_-]{32,}$/;

/**
 * The certificates and the token of the API in a directory: made where they are not there or of no use, renewed long before
 * they end. A certificate authority keeps its key when it is renewed, so that clients that know the old one go on.
 * @throws ReasonedError CertificateFailed, those of file operations
 */
export async function ensureServerIdentity({
  dir,
  names,
  now,
  run = exec,
}: IdentityOptions): Promise<ServerIdentity> {
  await ensureDir(dir, 0o700);
  const issue = issuer(dir, run);
  const ca = await ensureCa(dir, now, issue);
  const server = await ensureServer({ dir, now, names, ca }, issue);
  const renewAt = Math.min(renewal(ca.cert, CA), renewal(server.cert, SERVER));
  return {
    ca: ca.pem,
    key: server.key,
    cert: server.pem,
    token: await ensureToken(join(dir, 'token')),
    renewAt,
  };
}

interface Pair {
  readonly key: string;
  readonly pem: string;
  readonly cert: X509Certificate;
}

async function ensureCa(dir: string, now: number, issue: Issue): Promise<Pair> {
  const found = await readPair(dir, CA.name);
  if (found !== undefined && isFresh(found.cert, CA, now)) return found;
  const key = found?.key ?? newKey();
  await writeAtomic(join(dir, 'ca.key'), key, PRIVATE);
  const pem = await issue({
    ...CA,
    arguments: [],
    subject: 'k8slab',
    extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=critical,keyCertSign,cRLSign'],
  });
  return { key, pem, cert: new X509Certificate(pem) };
}

interface ServerInput {
  readonly dir: string;
  readonly now: number;
  readonly names: readonly string[];
  readonly ca: Pair;
}

async function ensureServer({ dir, now, names, ca }: ServerInput, issue: Issue): Promise<Pair> {
  const found = await readPair(dir, SERVER.name);
  if (found !== undefined && isFresh(found.cert, SERVER, now) && isFor(found.cert, ca, names)) return found;
  const key = newKey();
  await writeAtomic(join(dir, 'server.key'), key, PRIVATE);
  const pem = await issue({
    ...SERVER,
    arguments: ['-CA', join(dir, 'ca.crt'), '-CAkey', join(dir, 'ca.key')],
    subject: 'k8slabd',
    extensions: [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth',
      `subjectAltName=${names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',')}`,
    ],
  });
  return { key, pem, cert: new X509Certificate(pem) };
}

interface Request {
  readonly name: string;
  readonly days: number;
  readonly arguments: readonly string[];
  readonly subject: string;
  readonly extensions: readonly string[];
}

type Issue = (request: Request) => Promise<string>;

/** Writes the certificate as well. */
function issuer(dir: string, run: Exec): Issue {
  return async ({ name, days, subject, extensions, arguments: more }) => {
    const config = join(dir, 'request.cnf');
    const lines = [
      '[req]',
      'prompt=no',
      'distinguished_name=name',
      'x509_extensions=own',
      '[name]',
      `CN=${subject}`,
    ];
    await writeAtomic(
      config,
      [...lines, '[own]', 'subjectKeyIdentifier=hash', ...extensions, ''].join('\n'),
      PRIVATE,
    );
    const argv = ['openssl', 'req', '-x509', '-new', '-sha256', '-days', String(days), '-config', config];
    try {
      const { stdout } = await run([...argv, '-key', join(dir, `${name}.key`), ...more], {
        deadlineMs: DEADLINE_MS,
      });
      await writeAtomic(join(dir, `${name}.crt`), stdout, PRIVATE);
      return stdout;
    } catch (error) {
      throw notIssued(name, error);
    } finally {
      await removeIfExists(config);
    }
  };
}

function notIssued(name: string, error: unknown): ReasonedError {
  if (!(error instanceof ExecError))
    return new ReasonedError('CertificateFailed', toError(error).message, { cause: error });
  const { hint } = error;
  const options = hint === undefined ? { cause: error } : { cause: error, hint };
  return new ReasonedError(
    'CertificateFailed',
    `cannot make certificate "${name}": ${error.message}`,
    options,
  );
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

/** A pair that does not fit, or is no pair, is as good as none. */
async function readPair(dir: string, name: string): Promise<Pair | undefined> {
  const key = await readIfExists(join(dir, `${name}.key`));
  const pem = await readIfExists(join(dir, `${name}.crt`));
  if (key === undefined || pem === undefined) return undefined;
  try {
    const cert = new X509Certificate(pem);
    return cert.checkPrivateKey(createPrivateKey(key)) ? { key, pem, cert } : undefined;
  } catch {
    return undefined;
  }
}

function isFresh(cert: X509Certificate, lifetime: { readonly renewDays: number }, now: number): boolean {
  return now < renewal(cert, lifetime) && now >= Date.parse(cert.validFrom);
}

function renewal({ validTo }: X509Certificate, { renewDays }: { readonly renewDays: number }): number {
  return Date.parse(validTo) - renewDays * DAY_MS;
}

function isFor(cert: X509Certificate, ca: Pair, names: readonly string[]): boolean {
  if (!cert.verify(createPublicKey(ca.key))) return false;
  return names.every((name) => (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined);
}

async function ensureToken(path: string): Promise<string> {
  const found = (await readIfExists(path))?.trim();
  if (found !== undefined && TOKEN.test(found)) return found;
  const token = randomBytes(32).toString('base64url');
  await writeAtomic(path, `${token}\n`, PRIVATE);
  return token;
}
