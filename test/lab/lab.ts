import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';

import { cached, type CacheOptions, type Recipe } from './cache.ts';
import { bootContainer, containerInit, endContainer } from './container.ts';
import type { BootOptions, ContainerPaths } from './container.ts';
import { takeLock, withLock, type LockOptions } from './lock.ts';
import { assertMachine, installPackages } from './machine.ts';
import { installPackage, labPackage } from './package.ts';
import { poll, processStat, runAttached, runCommand } from './processes.ts';
import type { CommandResult } from './processes.ts';
import { guestRecipe, guests, suites, vmhostRecipe } from './recipes.ts';
import type { Guest, Suite } from './recipes.ts';

export interface LabOptions {
  /** Labs of different names live side by side. Default "default". */
  readonly name?: string;
  /** The vmhost's Debian. Default bookworm. */
  readonly suite?: Suite;
  /** What /srv/images/guest.qcow2 in the vmhost is. Default tiny. */
  readonly guest?: Guest;
  /** A directory of manifests for /etc/k8slab.d; none by default. k8slabd is not started by `up`. */
  readonly manifests?: string;
  /** End the vmhost when this process ends, however it ends; others that want the name wait until then. Default false. */
  readonly dieWithParent?: boolean;
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface ExecOptions {
  readonly input?: string | Uint8Array;
  /** The command is killed, and its code is 137, after this long. Default 120,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A vmhost: real systemd, libvirtd, dnsmasq and QEMU in a container with a network namespace of its own. */
export interface Lab {
  readonly name: string;
  /** Builds what lacks, ends an earlier lab of this name, boots the vmhost with k8slab installed; k8slabd does not run yet. */
  readonly up: () => Promise<void>;
  /** Runs argv in the vmhost as root, with the vmhost's own environment (LANG=ja_JP.UTF-8). Never throws for its exit code. */
  readonly exec: (argv: readonly string[], options?: ExecOptions) => Promise<CommandResult>;
  /** The same, but a failure is an error that shows stderr; returns stdout. */
  readonly must: (argv: readonly string[], options?: ExecOptions) => Promise<string>;
  /** Runs argv in the vmhost on our own terminal. */
  readonly attach: (argv: readonly string[]) => Promise<number>;
  /** Writes a file in one rename, as an editor would; makes its directory. */
  readonly writeFile: (path: string, content: string) => Promise<void>;
  readonly readFile: (path: string) => Promise<string>;
  /** Shuts the vmhost down as `systemctl reboot` does, and boots it again. Needs the process that called `up`. */
  readonly reboot: () => Promise<void>;
  /** Kills all that runs in the vmhost, at once, and boots it again from what is on its disk. Needs the process that called `up`. */
  readonly cutPower: () => Promise<void>;
  /** Installs the checkout's k8slab anew into the running vmhost; k8slabd is restarted if it runs. */
  readonly install: () => Promise<void>;
  readonly isUp: () => boolean;
  /** What `up` was called with, while it runs. */
  readonly describe: () => { suite: Suite; guest: Guest; since: string } | undefined;
  /** Ends guests and vmhost and removes every trace; no error if nothing runs. */
  readonly down: () => Promise<void>;
}

const environment = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'LANG=ja_JP.UTF-8',
  'HOME=/root',
];

/** Where labs keep what they build (K8SLAB_LAB_CACHE) and what runs (K8SLAB_LAB_RUN). */
export function labDirectories(name: string): { cache: string; run: string; container: ContainerPaths } {
  if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(name))
    throw new Error(`"${name}" is no name for a lab: use a-z, 0-9 and -`);
  const cache = process.env['K8SLAB_LAB_CACHE'] ?? '/var/cache/k8slab-lab';
  const run = join(process.env['K8SLAB_LAB_RUN'] ?? '/run/k8slab-lab', name);
  // /run is small memory on most machines: the guests' disks go where the images are.
  const unique = `${name}-${createHash('sha256').update(run).digest('hex').slice(0, 6)}`;
  const data = join(cache, 'labs', unique);
  return { cache, run, container: { machine: `k8slab-${unique}`, data, console: join(run, 'console.log') } };
}

/** A lab by its name; nothing happens before `up`. */
export function createLab(options: LabOptions = {}): Lab {
  const name = options.name ?? 'default';
  const directories = labDirectories(name);
  let init: { pid: number; started: string } | undefined;
  let release: (() => void) | undefined;
  let booted: BootOptions | undefined;

  function enter(): string[] {
    if (init === undefined || processStat(init.pid)?.started !== init.started) {
      const pid = containerInit(directories.container);
      const started = pid === undefined ? undefined : processStat(pid)?.started;
      if (pid === undefined || started === undefined) throw new Error(`the lab "${name}" is not up`);
      init = { pid, started };
    }
    return ['nsenter', '--target', String(init.pid), '--all', 'env', '-i', '-C', '/root', ...environment];
  }
  function exec(argv: readonly string[], given: ExecOptions = {}): Promise<CommandResult> {
    return runCommand([...enter(), ...argv], { timeoutMs: 120_000, ...given });
  }
  async function must(argv: readonly string[], given: ExecOptions = {}): Promise<string> {
    const result = await exec(argv, given);
    if (result.code === 0) return result.stdout;
    throw new Error(
      `${argv.join(' ')} ended with ${result.code} in the vmhost: ${(result.stderr || result.stdout).trim()}`,
    );
  }
  const self: Lab = {
    name,
    exec,
    must,
    attach: (argv) =>
      runAttached([...enter(), `TERM=${process.env['TERM'] ?? 'dumb'}`, ...argv], process.env),
    up: async () => {
      // Another run of the same tests waits until this one is over.
      if (options.dieWithParent === true) release ??= await takeLock(`${directories.run}.lock`, waits());
      booted = await up(self, options);
    },
    writeFile: async (path, content) => {
      const script = 'mkdir -p "$(dirname "$1")" && cat >"$1.new~" && mv "$1.new~" "$1"';
      await must(['sh', '-c', script, 'write', path], { input: content });
    },
    readFile: (path) => must(['cat', path]),
    reboot: async () => {
      await powerOff(self, options.signal);
      await bootAgain();
    },
    cutPower: bootAgain,
    install: async () => {
      await installPackage(self, await labPackage(storeOf(name, options)), { start: true });
    },
    isUp: () => containerInit(directories.container) !== undefined,
    describe: () => {
      const file = join(directories.run, 'lab.json');
      return existsSync(file)
        ? (JSON.parse(readFileSync(file, 'utf8')) as ReturnType<Lab['describe']>)
        : undefined;
    },
    down: async () => {
      // Not ours to end: it never came up here, or by `npm run lab`.
      if (options.dieWithParent === true && release === undefined) return;
      await down(name);
      release?.();
      release = undefined;
    },
  };
  return self;

  async function bootAgain(): Promise<void> {
    if (booted === undefined) throw new Error(`the lab "${name}" was not booted here`);
    await endContainer(directories.container);
    bootContainer(directories.container, booted);
    await waitForBoot(self, directories.container, options.signal);
  }
  function waits(): LockOptions {
    const onWait = (): void => options.report?.(`waiting for another run that has the lab "${name}"`);
    return { onWait, signal: options.signal };
  }
}

async function up(lab: Lab, options: LabOptions): Promise<BootOptions> {
  const { signal, suite = 'bookworm', guest = 'tiny', report = ignore } = options;
  const { run, container } = labDirectories(lab.name);
  assertMachine();
  if (options.manifests !== undefined && !existsSync(options.manifests)) {
    throw new Error(`there are no manifests at ${options.manifests}`);
  }
  const images: Guest[] = guest === 'tiny' ? ['tiny'] : ['tiny', guest];
  const parts = await buildParts({ suites: [suite], guests: images }, storeOf(lab.name, options));
  await down(lab.name);
  report(`booting the vmhost (${suite})`);
  mkdirSync(run, { recursive: true });
  mkdirSync(join(container.data, 'upper/srv/images'), { recursive: true });
  symlinkSync(`${guest}.qcow2`, join(container.data, 'upper/srv/images/guest.qcow2'));
  const manifests = join(container.data, 'upper/etc/k8slab.d');
  mkdirSync(manifests, { recursive: true });
  if (options.manifests !== undefined) cpSync(options.manifests, manifests, { recursive: true });
  const binds = [...parts.images].map(
    ([name, path]) => [join(path, `${name}.qcow2`), `/srv/images/${name}.qcow2`] as const,
  );
  writeFileSync(join(run, 'lab.json'), JSON.stringify({ suite, guest, since: new Date().toISOString() }));
  try {
    const tree = parts.trees.get(suite) ?? '';
    const boot = { tree, binds, dieWithParent: options.dieWithParent ?? false };
    bootContainer(container, boot);
    await waitForBoot(lab, container, signal);
    await lab.must(['systemctl', 'start', 'libvirtd.service']);
    report('installing the package');
    await installPackage(lab, parts.deb, { start: false });
    return boot;
  } catch (error) {
    await down(lab.name);
    throw error;
  }
}

interface Parts {
  readonly deb: string;
  /** Paths by name. */
  readonly trees: ReadonlyMap<Suite, string>;
  readonly images: ReadonlyMap<Guest, string>;
}

/** Builds what lacks of the package, the vmhosts' trees and the guests' images, all at once. */
async function buildParts(
  wanted: { readonly suites: readonly Suite[]; readonly guests: readonly Guest[] },
  store: CacheOptions,
): Promise<Parts> {
  const { report, signal } = store;
  await withLock(join(store.directory, 'packages.lock'), () => installPackages(report, signal), { signal });
  const named = <T extends string>(names: readonly T[], recipe: (name: T, signal?: AbortSignal) => Recipe) =>
    names.map(async (name) => [name, await cached(recipe(name, signal), store)] as const);
  const [deb, trees, images] = await Promise.all([
    labPackage(store),
    Promise.all(named(wanted.suites, vmhostRecipe)),
    Promise.all(named(wanted.guests, guestRecipe)),
  ]);
  return { deb, trees: new Map(trees), images: new Map(images) };
}

/** Builds all that any lab of this checkout boots from, so that no `up` has to wait for it. */
export async function buildAll(options: Pick<LabOptions, 'report' | 'signal'>): Promise<void> {
  assertMachine();
  await buildParts({ suites, guests }, storeOf('default', options));
}

function storeOf(name: string, { report = ignore, signal }: LabOptions): CacheOptions {
  return { directory: labDirectories(name).cache, report, signal };
}

function ignore(): void {
  // nobody wants to know
}

/** Services end in order, libvirt-guests with the guests among them; the container's own reboot would end its supervisor. */
async function powerOff(lab: Lab, signal?: AbortSignal): Promise<void> {
  await lab.exec(['systemctl', 'poweroff', '--no-block']);
  const gone = await poll(() => (lab.isUp() ? undefined : true), {
    timeoutMs: 180_000,
    intervalMs: 300,
    signal,
  });
  if (gone === undefined) throw new Error('the vmhost does not shut down');
}

async function waitForBoot(lab: Lab, container: ContainerPaths, signal?: AbortSignal): Promise<void> {
  const timing = { timeoutMs: 60_000, intervalMs: 100, signal };
  const found = await poll(() => containerInit(container), timing);
  const state = await poll(async () => {
    if (found === undefined || !lab.isUp()) return undefined;
    const { stdout } = await lab.exec(['systemctl', 'is-system-running'], { timeoutMs: 10_000 });
    return /running|degraded/.test(stdout) ? stdout : undefined;
  }, timing);
  if (state === undefined) {
    const console = existsSync(container.console) ? readFileSync(container.console, 'utf8').trim() : '';
    throw new Error(`the vmhost does not boot; its console says:\n${console}`);
  }
}

async function down(name: string): Promise<void> {
  const { run, container } = labDirectories(name);
  await endContainer(container);
  rmSync(container.data, { recursive: true, force: true });
  rmSync(run, { recursive: true, force: true });
}
