import { join } from 'node:path';
import { ExecError, exec as runCommand, type Exec } from '../exec.ts';
import { listIfExists, readIfExists } from '../files.ts';

/** A public key that somebody logs in with, and where it was found. */
export interface LoginKey {
  /** `ssh-ed25519 AAAA… me` */
  readonly key: string;
  /** A file, or `ssh-agent`. */
  readonly from: string;
}

export interface LoginKeysOptions {
  readonly exec?: Exec;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly passwdFile?: string;
}

const PUBLIC_KEY = /^(ssh|ecdsa|sk)-\S+ [A-Za-z0-9+/]+=*( .*)?$/;
/** The order in which ssh tries them. */
const PREFERRED = ['id_ed25519.pub', 'id_ecdsa.pub', 'id_rsa.pub'];
const AGENT_DEADLINE_MS = 3000;

/** Public keys of the person who runs this, behind sudo too: those in ~/.ssh, then those of the agent. */
export async function findLoginKeys(options: LoginKeysOptions = {}): Promise<LoginKey[]> {
  const { env = process.env, passwdFile = '/etc/passwd' } = options;
  const user = env['SUDO_USER'];
  const passwd = user === undefined ? undefined : await readIfExists(passwdFile);
  const homes = [homeOf(passwd ?? '', user), env['HOME']].filter((home) => home !== undefined && home !== '');
  const files = await Promise.all([...new Set(homes)].map((home) => keysIn(join(home ?? '', '.ssh'))));
  const all = [...files.flat(), ...(await agentKeys(options.exec ?? runCommand, env['SSH_AUTH_SOCK']))];
  const seen = new Set<string>();
  return all.filter(({ key }) => {
    const body = key.split(' ')[1] ?? '';
    return seen.has(body) ? false : seen.add(body);
  });
}

/** The public keys that a text lists, a line each; comments and options of authorized_keys are passed over. */
export function parsePublicKeys(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => PUBLIC_KEY.test(line));
}

function homeOf(passwd: string, user: string | undefined): string | undefined {
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user && user !== undefined)?.[5];
}

async function keysIn(directory: string): Promise<LoginKey[]> {
  const names = (await listIfExists(directory).catch(() => [])).filter((name) => name.endsWith('.pub'));
  const rank = (name: string): number =>
    PREFERRED.includes(name) ? PREFERRED.indexOf(name) : PREFERRED.length;
  const sorted = names.toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const found = await Promise.all(
    sorted.map(async (name) => {
      const from = join(directory, name);
      const text = await readIfExists(from).catch(() => undefined);
      return parsePublicKeys(text ?? '').map((key) => ({ key, from }));
    }),
  );
  return found.flat();
}

async function agentKeys(exec: Exec, socket: string | undefined): Promise<LoginKey[]> {
  if (socket === undefined || socket === '') return [];
  try {
    const { stdout } = await exec(['ssh-add', '-L'], {
      deadlineMs: AGENT_DEADLINE_MS,
      env: { SSH_AUTH_SOCK: socket },
    });
    return parsePublicKeys(stdout).map((key) => ({ key, from: 'ssh-agent' }));
  } catch (error) {
    if (error instanceof ExecError) return [];
    throw error;
  }
}
