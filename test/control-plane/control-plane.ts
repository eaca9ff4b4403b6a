import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { mustRun, poll, runCommand, type CommandOptions, type CommandResult } from '../lab/processes.ts';
import { buildBinaries } from './binaries.ts';
import { createAuthority, type Authority } from './certificates.ts';
import { apiserverArgv, etcdArgv, type Layout } from './programs.ts';

export interface ControlPlaneOptions {
  /** Who may log in beside `admin`, with the groups that each is in. */
  readonly users?: Readonly<Record<string, readonly string[]>>;
  /** Where the API server listens. Default 127.0.0.1. */
  readonly address?: string;
  /** What runs the programs, such as `ip netns exec NAME`. Default: nothing. */
  readonly within?: readonly string[];
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A real API server with its etcd: RBAC is on, everybody has a token. Ends with this process. */
export interface ControlPlane {
  readonly url: string;
  /** Of etcd's JSON gateway, without TLS. */
  readonly etcdUrl: string;
  readonly directory: string;
  readonly authority: Authority;
  /** The path of a kubeconfig that is its owner's alone. */
  kubeconfig(user?: string): string;
  /** kubectl, as admin or as another; it never throws for its exit code. */
  kubectl(argv: readonly string[], options?: CommandOptions & { user?: string }): Promise<CommandResult>;
  /** The same, but a failure is an error; returns stdout. */
  must(argv: readonly string[], options?: CommandOptions): Promise<string>;
  /** Ends the API server as an update would, or kills it at once; etcd goes on. */
  stop(how?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts the API server again, and waits until it is ready. */
  start(): Promise<void>;
  /** Halts the API server where it is, so that it answers nothing, or lets it go on. */
  freeze(isFrozen: boolean): Promise<void>;
  /** Of the processes that run now. */
  pids(): { readonly apiserver: number; readonly etcd: number };
  /** The end of the API server's log. */
  log(): string;
  /** Ends everything and removes its files. */
  kill(): Promise<void>;
}

/** 3.5 s on a machine that does nothing else. */
const READY_MS = 300_000;
const KUBECTL_MS = 60_000;

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { users = {}, address = '127.0.0.1', within = [], flags = [], signal } = options;
  const directory = mkdtempSync(join(tmpdir(), 'k8slab-control-plane-'));
  const binaries = await buildBinaries(signal === undefined ? {} : { signal });
  const authority = await createAuthority(join(directory, 'pki'));
  const tokens = writeTokens(directory, { ...users, admin: ['system:masters'] });
  const layout: Layout = {
    binaries,
    directory,
    address,
    port: await freePort(),
    etcdPort: await freePort(),
    peerPort: await freePort(),
    server: await authority.server('server', [address]),
    ca: authority.cert,
    serviceAccount: await authority.server('service-account', [address]),
    tokens: tokens.path,
    flags,
  };
  const url = `https://${address}:${layout.port}`;
  const etcd = run('etcd', etcdArgv(layout));
  let apiserver: ChildProcess | undefined;

  function run(name: string, argv: readonly string[]): ChildProcess {
    const log = openSync(join(directory, `${name}.log`), 'a');
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...within, ...argv], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    // That it could not be started is told by what waits for it.
    child.on('error', () => undefined);
    return child;
  }

  function kubeconfig(user = 'admin'): string {
    const token = tokens.of.get(user);
    if (token === undefined) throw new Error(`the control plane has no user "${user}"`);
    const path = join(directory, `${user.replaceAll(':', '_')}.kubeconfig`);
    writeFileSync(path, kubeconfigText({ url, ca: authority.pem, user, token }), { mode: 0o600 });
    return path;
  }

  function kubectlArgv(argv: readonly string[], user?: string): string[] {
    const to = ['--kubeconfig', kubeconfig(user), '--cache-dir', join(directory, 'kubectl-cache')];
    return [...within, binaries.kubectl, ...to, ...argv];
  }

  async function start(): Promise<void> {
    apiserver ??= run('apiserver', apiserverArgv(layout));
    const timing = { timeoutMs: READY_MS, intervalMs: 200, ...(signal === undefined ? {} : { signal }) };
    const ready = await poll(async () => {
      if (hasEnded(apiserver) || hasEnded(etcd)) return 'ended';
      return (await runCommand(kubectlArgv(['get', '--raw', '/readyz']), { timeoutMs: KUBECTL_MS })).code ===
        0
        ? 'ready'
        : undefined;
    }, timing);
    if (ready !== 'ready') throw new Error(`the API server ${ready ?? 'did not get ready'}:\n${log()}`);
  }

  function log(): string {
    return readFileSync(join(directory, 'apiserver.log'), 'utf8').split('\n').slice(-30).join('\n');
  }

  async function stop(how: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await end(apiserver, how);
    apiserver = undefined;
  }

  const self: ControlPlane = {
    url,
    etcdUrl: `http://127.0.0.1:${layout.etcdPort}`,
    directory,
    authority,
    kubeconfig,
    kubectl: (argv, { user, ...rest } = {}) =>
      runCommand(kubectlArgv(argv, user), { timeoutMs: KUBECTL_MS, ...rest }),
    must: (argv, rest) => mustRun(kubectlArgv(argv), { timeoutMs: KUBECTL_MS, ...rest }),
    stop,
    start,
    freeze: async (isFrozen) => {
      const { pid = 0 } = apiserver ?? {};
      process.kill(pid, isFrozen ? 'SIGSTOP' : 'SIGCONT');
      await poll(() => (isHalted(pid) === isFrozen ? true : undefined), { timeoutMs: 5000, intervalMs: 10 });
    },
    pids: () => ({ apiserver: apiserver?.pid ?? 0, etcd: etcd.pid ?? 0 }),
    log,
    kill: async () => {
      await stop('SIGKILL');
      await end(etcd, 'SIGKILL');
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  try {
    await start();
    return self;
  } catch (error) {
    await self.kill();
    throw error;
  }
}

async function end(child: ChildProcess | undefined, how: NodeJS.Signals): Promise<void> {
  if (child?.pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(how);
  await ended;
}

/** A signal takes effect once each thread was told. */
function isHalted(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

function hasEnded(child: ChildProcess | undefined): boolean {
  return child !== undefined && (child.exitCode !== null || child.signalCode !== null);
}

function writeTokens(
  directory: string,
  users: Readonly<Record<string, readonly string[]>>,
): { path: string; of: ReadonlyMap<string, string> } {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'tokens.csv');
  const of = new Map(Object.keys(users).map((user) => [user, randomBytes(16).toString('hex')]));
  const lines = Object.entries(users).map(
    ([user, groups]) => `${of.get(user) ?? ''},${user},${user},"${groups.join(',')}"\n`,
  );
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return { path, of };
}

export interface KubeconfigParts {
  readonly url: string;
  /** PEM */
  readonly ca: string;
  readonly user: string;
  readonly token: string;
}

export function kubeconfigText({ url, ca, user, token }: KubeconfigParts): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user } }],
    'current-context': 'test',
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
