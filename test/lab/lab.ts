import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CacheOptions } from './cache.ts';
import { bootContainer, endContainer, type BootOptions, type ContainerPaths } from './container.ts';
import { containersThere, labDirectories } from './directories.ts';
import { endLink, findLink, setCable, startLink } from './link.ts';
import { takeLock, type LockOptions } from './lock.ts';
import { assertMachine } from './machine.ts';
import { installPackage, labPackage } from './package.ts';
import { buildParts } from './parts.ts';
import { isLinked, planVmhosts, type Size } from './plan.ts';
import { prepareLinked, prepareVmhost } from './prepare.ts';
import { guests, suites } from './recipes.ts';
import type { Guest, Suite } from './recipes.ts';
import { createVmhost, type Vmhost } from './vmhost.ts';

export type { ExecOptions, Vmhost } from './vmhost.ts';
export { labDirectories } from './directories.ts';

export interface LabOptions {
  /** Labs of different names live side by side. Default "default". */
  readonly name?: string;
  /** How many vmhosts there are; several are on a link of their own. Default 1. */
  readonly vmhosts?: number;
  /** The vmhosts' Debian. Default bookworm. */
  readonly suite?: Suite;
  /** What /srv/images/guest.qcow2 in the vmhosts is. Default tiny. */
  readonly guest?: Guest;
  /** A directory of manifests for /etc/k8slab.d of the first vmhost; none by default. k8slabd is not started by `up`. */
  readonly manifests?: string;
  /** End the vmhosts when this process ends, however it ends; others that want the name wait until then. Default false. */
  readonly dieWithParent?: boolean;
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What `up` was called with. */
export interface LabDescription extends Size {
  readonly suite: Suite;
  readonly guest: Guest;
  readonly since: string;
}

/** One vmhost or several; what a Vmhost does, the lab does with its first one. */
export interface Lab extends Vmhost {
  readonly name: string;
  /** Builds what lacks, ends an earlier lab of this name, boots the vmhosts with k8slab installed; k8slabd does not run yet. */
  readonly up: () => Promise<void>;
  readonly vmhosts: readonly Vmhost[];
  /** @param number 1 is the first one */
  readonly vmhost: (number: number) => Vmhost;
  /** Pulls or plugs the cable between a vmhost and the link; a boot plugs it. */
  readonly setCable: (vmhost: Vmhost, state: 'down' | 'up') => Promise<void>;
  /** Installs the checkout's k8slab anew into the running vmhosts; k8slabd is restarted where it runs. */
  readonly install: () => Promise<void>;
  /** What runs; undefined when nothing does. */
  readonly describe: () => LabDescription | undefined;
  /** Ends guests and vmhosts and removes every trace; no error if nothing runs. */
  readonly down: () => Promise<void>;
}

/** A lab by its name; nothing happens before `up`. */
export function createLab(options: LabOptions = {}): Lab {
  const name = options.name ?? 'default';
  const directories = labDirectories(name);
  const size: Size = { vmhosts: options.vmhosts ?? 1, controlPlane: false };
  const vmhosts = planVmhosts(size, directories).map(({ hostname, paths }) => {
    const start = (): void => startContainer(name, paths, options.dieWithParent ?? false);
    return createVmhost({ hostname, paths, start, signal: options.signal });
  });
  const vmhost = (number: number): Vmhost => {
    const found = vmhosts[number - 1];
    if (found === undefined) throw new Error(`the lab "${name}" has vmhosts 1 to ${vmhosts.length}`);
    return found;
  };
  let release: (() => void) | undefined;

  return {
    ...vmhost(1),
    name,
    vmhosts,
    vmhost,
    up: async () => {
      // Another run of the same tests waits until this one is over.
      if (options.dieWithParent === true) release ??= await takeLock(`${directories.run}.lock`, waits());
      await up(name, vmhosts, { ...options, ...size });
    },
    setCable: async (of, state) => {
      const link = findLink(directories.data);
      if (link === undefined) throw new Error(`the vmhosts of the lab "${name}" are on no link`);
      await setCable(link, of.init(), state);
    },
    install: async () => {
      const deb = await labPackage(storeOf(name, options));
      for (const each of vmhosts) await installPackage(each, deb, { start: true });
    },
    describe: () => describeLab(name),
    down: async () => {
      // Not ours to end: it never came up here, or by `npm run lab`.
      if (options.dieWithParent === true && release === undefined) return;
      await down(name);
      release?.();
      release = undefined;
    },
  };

  function waits(): LockOptions {
    const onWait = (): void => options.report?.(`waiting for another run that has the lab "${name}"`);
    return { onWait, signal: options.signal };
  }
}

/** A lab as it runs, made by whatever process; as by default when nothing runs. */
export function findLab(options: Pick<LabOptions, 'name' | 'report'>): Lab {
  return createLab({ ...options, ...describeLab(options.name ?? 'default') });
}

function describeLab(name: string): LabDescription | undefined {
  const file = join(labDirectories(name).run, 'lab.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LabDescription) : undefined;
}

async function up(name: string, vmhosts: readonly Vmhost[], options: LabOptions & Size): Promise<void> {
  const { suite = 'bookworm', guest = 'tiny', report = ignore, controlPlane } = options;
  const directories = labDirectories(name);
  assertMachine();
  if (options.manifests !== undefined && !existsSync(options.manifests)) {
    throw new Error(`there are no manifests at ${options.manifests}`);
  }
  const images: Guest[] = guest === 'tiny' ? ['tiny'] : ['tiny', guest];
  const parts = await buildParts({ suites: [suite], guests: images }, storeOf(name, options));
  await down(name);
  report(
    vmhosts.length === 1 ? `booting the vmhost (${suite})` : `booting ${vmhosts.length} vmhosts (${suite})`,
  );
  mkdirSync(directories.run, { recursive: true });
  const since = new Date().toISOString();
  const about: LabDescription = { suite, guest, since, vmhosts: vmhosts.length, controlPlane };
  writeFileSync(join(directories.run, 'lab.json'), JSON.stringify(about));
  const tree = parts.trees.get(suite) ?? '';
  const binds = [...parts.images].map(
    ([image, path]) => [join(path, `${image}.qcow2`), `/srv/images/${image}.qcow2`] as const,
  );
  try {
    const planned = planVmhosts(about, directories);
    for (const [index, each] of planned.entries()) {
      prepareVmhost(each, guest, index === 0 ? options.manifests : undefined);
      rememberBoot(each.paths, { tree, binds });
    }
    if (isLinked(about)) {
      prepareLinked(tree, planned);
      await startLink(directories.data, { dieWithParent: options.dieWithParent ?? false });
    }
    await Promise.all(vmhosts.map((vmhost) => bootVmhost(vmhost, parts.deb, report)));
  } catch (error) {
    await down(name);
    throw error;
  }
}

async function bootVmhost(vmhost: Vmhost, deb: string, report: (line: string) => void): Promise<void> {
  await vmhost.boot();
  await vmhost.must(['systemctl', 'start', 'libvirtd.service']);
  report(`installing the package (${vmhost.hostname})`);
  await installPackage(vmhost, deb, { start: false });
}

type Remembered = Pick<BootOptions, 'tree' | 'binds'>;

/** A later process boots the container as this one did. */
function rememberBoot(paths: ContainerPaths, boot: Remembered): void {
  mkdirSync(paths.data, { recursive: true });
  writeFileSync(join(paths.data, 'boot.json'), JSON.stringify(boot));
}

function startContainer(name: string, paths: ContainerPaths, dieWithParent: boolean): void {
  const file = join(paths.data, 'boot.json');
  if (!existsSync(file)) throw new Error(`the lab "${name}" was not booted`);
  const boot = JSON.parse(readFileSync(file, 'utf8')) as Remembered;
  bootContainer(paths, { ...boot, dieWithParent, link: findLink(labDirectories(name).data) });
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

async function down(name: string): Promise<void> {
  const directories = labDirectories(name);
  await Promise.all(containersThere(directories).map(endContainer));
  endLink(directories.data);
  rmSync(directories.data, { recursive: true, force: true });
  rmSync(directories.run, { recursive: true, force: true });
}
