import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Lab, Vmhost } from '../lab/lab.ts';
import { mustRun, type CommandResult } from '../lab/processes.ts';

/** Where the vmhost serves packages to its guests: nothing of it leaves the lab. */
const REPOSITORY = '/srv/apt';
export const REPOSITORY_URL = 'http://192.168.111.1:8000';

export interface Repository {
  /** The public key that its lists are signed with. */
  readonly key: string;
  /** Adds a package that is not from Debian, with nothing in it. */
  readonly publish: (name: string, version: string) => Promise<void>;
  readonly dispose: () => void;
}

/** A small signed apt repository with HAProxy as Debian has it, served in the vmhost. */
export async function serveRepository(lab: Lab): Promise<Repository> {
  const dir = mkdtempSync(join(tmpdir(), 'k8slab-apt-'));
  const env = { ...process.env, GNUPGHOME: join(dir, 'gpg'), LC_ALL: 'C.UTF-8' };
  const tree = join(dir, 'tree');
  mkdirSync(join(dir, 'gpg'), { mode: 0o700 });
  mkdirSync(tree);
  const gpg = ['gpg', '--batch', '--pinentry-mode', 'loopback', '--passphrase', ''];
  await mustRun([...gpg, '--quick-generate-key', 'lab@example', 'ed25519', 'sign', 'never'], { env });
  const key = await mustRun(['gpg', '--armor', '--export'], { env });
  // As root of the machine downloads: apt's own user may not write there.
  await mustRun(['apt-get', '-o', 'APT::Sandbox::User=root', 'download', 'haproxy'], { env, cwd: tree });
  await lab.must(['mkdir', '-p', REPOSITORY]);

  async function index(): Promise<void> {
    const packages = await mustRun(['dpkg-scanpackages', '--multiversion', '.'], { env, cwd: tree });
    writeFileSync(join(tree, 'Packages'), packages);
    const [sum = ''] = (await mustRun(['sha256sum', 'Packages'], { cwd: tree })).split(' ');
    const size = Buffer.byteLength(packages);
    const date = new Date().toUTCString();
    writeFileSync(join(tree, 'Release'), `Date: ${date}\nSHA256:\n ${sum} ${size} Packages\n`);
    rmSync(join(tree, 'InRelease'), { force: true });
    await mustRun([...gpg, '--clearsign', '-o', 'InRelease', 'Release'], { env, cwd: tree });
    await mustRun(['tar', '-cf', join(dir, 'tree.tar'), '-C', tree, '.']);
    await lab.must(['tar', '-xf', '-', '-C', REPOSITORY], { input: readFileSync(join(dir, 'tree.tar')) });
  }

  await index();
  await lab.must([
    ...['systemd-run', '--unit=lab-apt', 'python3', '-m', 'http.server', '8000', '--directory', REPOSITORY],
  ]);
  return {
    key,
    async publish(name, version) {
      const root = join(dir, `${name}-${version}`);
      mkdirSync(join(root, 'DEBIAN'), { recursive: true });
      const fields = `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: lab\nDescription: lab\n`;
      writeFileSync(join(root, 'DEBIAN/control'), fields);
      await mustRun(['dpkg-deb', '--build', root, join(tree, `${basename(root)}.deb`)], { env });
      await index();
    },
    dispose: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export const LB = '192.168.111.248';
/** Arguments of ssh for a login that goes by no host key known so far. */
export const BLIND = [
  ...['-o', 'StrictHostKeyChecking=accept-new', '-o', 'UserKnownHostsFile=/dev/null'],
  `centos@${LB}`,
];
export const MASTERS: Readonly<Record<string, string>> = {
  master00: '192.168.111.150',
  master01: '192.168.111.135',
  master02: '192.168.111.147',
};
export const SECRET = '/etc/k8slab/secrets/haproxy-stats';
export const PASSWORD = 's3cret #1';

export function images(): string {
  return ['debian', 'tiny']
    .map(
      (name) =>
        `apiVersion: k8slab.io/v1alpha1\nkind: Image\nmetadata: {name: ${name}}\nspec: {source: /srv/images/${name}.qcow2}\n`,
    )
    .join('---\n');
}

/** A master that answers on 6443 with its name. */
export function master(name: string, address = MASTERS[name] ?? ''): string {
  return `apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: ${name}}
spec:
  role: master
  memory: 256Mi
  disk: {image: tiny}
  networks: [{network: k8s-net, address: ${address}}]
  ssh: {user: centos}
  cloudInit: {commands: [httpd -p 6443 -h /www]}
`;
}

/** A guest without HAProxy, which knows the lab's repository only. */
export function guestOf(key: string): string {
  const indented = key.trim().replaceAll('\n', '\n          ');
  return `apiVersion: k8slab.io/v1alpha1
kind: Node
metadata: {name: loadbalancer}
spec:
  role: lb
  memory: 768Mi
  disk: {size: 4Gi, image: debian}
  networks: [{network: k8s-net, address: ${LB}}]
  ssh: {user: centos}
  cloudInit:
    files:
      - path: /etc/apt/lab.asc
        content: |
          ${indented}
      - path: /etc/apt/sources.list
        content: |
          deb [signed-by=/etc/apt/lab.asc] ${REPOSITORY_URL} ./
    commands: ['dpkg --purge haproxy', 'rm -rf /etc/apt/sources.list.d/* /etc/haproxy']
`;
}

export function loadBalancer(more = ''): string {
  return `apiVersion: k8slab.io/v1alpha1
kind: LoadBalancer
metadata: {name: api}
spec:
  node: loadbalancer
  frontends:
    - {name: main, port: 6443, balance: roundrobin, backend: {name: mgmt6443, role: master, port: 6443}}
  stats: {passwordFile: ${SECRET}}
${more}`;
}

/** Connects again and again and counts what did not come through whole. */
export const CONNECT = `
import socket, sys, threading
address, count = sys.argv[1], int(sys.argv[2])
failed, lock = [], threading.Lock()
def run(n):
    for _ in range(n):
        try:
            with socket.create_connection((address, 6443), timeout=20) as s:
                s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
                answer = b""
                while chunk := s.recv(4096):
                    answer += chunk
            if b"master" not in answer:
                raise Exception("no answer")
        except Exception as error:
            with lock:
                failed.append(repr(error))
threads = [threading.Thread(target=run, args=(count // 4,)) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(f"{count} connections, {len(failed)} failed {failed[:3]}")
`;

/** Holds dpkg's lock for a while, as another package manager would. */
export const HOLD_LOCK = [
  'import fcntl, time',
  'f = open("/var/lib/dpkg/lock-frontend", "w")',
  'fcntl.lockf(f, fcntl.LOCK_EX)',
  'time.sleep(15)',
].join('; ');

/** Within 5 s on a quiet machine. */
const FOLLOWED_SECONDS = 10;
/** An emulated Debian guest on two busy cores takes longer: as much as so many checks of its configuration. */
const FOLLOWED_CHECKS = 5;

/** How soon a change is to be followed, as busy as the guest of the load balancer is now. */
export async function followedSeconds(lab: Vmhost): Promise<number> {
  const since = performance.now();
  await lab.must(['ssh', 'loadbalancer', 'sudo haproxy -c -f /etc/haproxy/haproxy.cfg']);
  const seconds = (performance.now() - since) / 1000;
  console.log(`# a check of the configuration takes ${seconds.toFixed(1)} s`);
  return Math.max(FOLLOWED_SECONDS, FOLLOWED_CHECKS * seconds);
}

/** Runs a command in the guest of the load balancer, by one connection: an emulated guest takes seconds for each login. */
export function inGuest(lab: Lab, command: string, timeoutMs = 60_000): Promise<CommandResult> {
  const one = ['BatchMode=yes', 'ControlMaster=auto', 'ControlPath=/run/lab-%C', 'ControlPersist=60'];
  const argv = ['ssh', ...one.flatMap((option) => ['-o', option]), 'loadbalancer', command];
  return lab.exec(argv, { timeoutMs });
}

/** A guest that is busy with what was just installed may not answer in time the first time. */
export async function verify(lab: Vmhost): Promise<CommandResult> {
  const found = await lab.exec(['k8slab', 'verify']);
  if (found.code === 0) return found;
  console.log(found.stdout);
  return lab.exec(['k8slab', 'verify']);
}
