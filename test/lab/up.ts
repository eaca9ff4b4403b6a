import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheOptions } from './cache.ts';
import { bootContainer, endContainer, type BootOptions, type ContainerPaths } from './container.ts';
import type { ControlPlane } from './control-plane.ts';
import { containersThere, labDirectories } from './directories.ts';
import type { LabDescription, LabOptions } from './lab.ts';
import { endLink, findLink, startLink } from './link.ts';
import { assertMachine } from './machine.ts';
import { installPackage } from './package.ts';
import { buildParts, type Parts } from './parts.ts';
import { isLinked, planControl, planVmhosts, type Size } from './plan.ts';
import { binariesBinds, prepareControl } from './prepare-control.ts';
import { prepareLinked, prepareVmhost } from './prepare.ts';
import type { Guest } from './recipes.ts';
import type { Vmhost } from './vmhost.ts';

export interface Machines {
  readonly vmhosts: readonly Vmhost[];
  readonly controlPlane: ControlPlane | undefined;
}

/** Boots all that the lab has, once what lacks is built and an earlier lab of this name has ended. */
export async function up(name: string, machines: Machines, options: LabOptions & Size): Promise<void> {
  const { suite = 'bookworm', guest = 'tiny', report = ignore, vmhosts, controlPlane } = options;
  const { run } = labDirectories(name);
  assertMachine();
  if (options.manifests !== undefined && !existsSync(options.manifests)) {
    throw new Error(`there are no manifests at ${options.manifests}`);
  }
  const images: Guest[] = guest === 'tiny' ? ['tiny'] : ['tiny', guest];
  const parts = await buildParts({ suites: [suite], guests: images, controlPlane }, storeOf(name, options));
  await down(name);
  report(`booting ${vmhosts === 1 ? 'the vmhost' : `${vmhosts} vmhosts`} (${suite})`);
  mkdirSync(run, { recursive: true });
  const { binaries } = parts;
  const about: LabDescription = {
    ...{ suite, guest, since: new Date().toISOString(), vmhosts, controlPlane },
    ...(binaries === undefined ? {} : { binaries }),
  };
  writeFileSync(join(run, 'lab.json'), JSON.stringify(about));
  try {
    await prepare(name, about, parts, options);
    // All of them, even if one fails: what boots after `down` would stay.
    const boots = await Promise.allSettled([
      ...machines.vmhosts.map((vmhost) => bootVmhost(vmhost, parts.deb, report)),
      bootControl(machines.controlPlane, report),
    ]);
    const failed = boots.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
    if (machines.controlPlane !== undefined) await defineKinds(machines.controlPlane, machines.vmhosts[0]);
  } catch (error) {
    await down(name);
    throw error;
  }
}

/** Fills the disks of the lab's containers, and makes their link. */
async function prepare(
  name: string,
  about: LabDescription,
  parts: Parts,
  options: LabOptions,
): Promise<void> {
  const directories = labDirectories(name);
  const { binaries } = parts;
  const tree = parts.trees.get(about.suite) ?? '';
  const binds = [...parts.images].map(
    ([image, path]) => [join(path, `${image}.qcow2`), `/srv/images/${image}.qcow2`] as const,
  );
  const vmhosts = planVmhosts(about, directories);
  for (const [index, each] of vmhosts.entries()) {
    prepareVmhost(each, about.guest, index === 0 ? options.manifests : undefined);
    rememberBoot(each.paths, { tree, binds });
  }
  if (!isLinked(about)) return;
  const control = binaries === undefined ? [] : [planControl(directories)];
  prepareLinked(tree, [...control, ...vmhosts]);
  if (binaries !== undefined) {
    await prepareControl(planControl(directories), vmhosts, join(directories.run, 'kubeconfig'));
    rememberBoot(planControl(directories).paths, { tree, binds: binariesBinds(binaries) });
  }
  await startLink(directories.data, { dieWithParent: options.dieWithParent ?? false });
}

async function bootControl(
  controlPlane: ControlPlane | undefined,
  report: (line: string) => void,
): Promise<void> {
  if (controlPlane === undefined) return;
  await controlPlane.machine.boot();
  await controlPlane.start();
  report('the API server is ready');
}

async function bootVmhost(vmhost: Vmhost, deb: string, report: (line: string) => void): Promise<void> {
  await vmhost.boot();
  await vmhost.must(['systemctl', 'start', 'libvirtd.service']);
  report(`installing the package (${vmhost.hostname})`);
  await installPackage(vmhost, deb, { start: false });
}

/** As an admin does it: what k8slab prints is applied. */
async function defineKinds(controlPlane: ControlPlane, vmhost: Vmhost | undefined): Promise<void> {
  for (const argv of [['crds'], ['crds', '--rbac']]) {
    const manifests = await vmhost?.must(['k8slab', ...argv]);
    await controlPlane.mustKubectl(['apply', '--server-side', '-f', '-'], { input: manifests ?? '' });
  }
  await controlPlane.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  // What it remembers of before has no short names of them.
  await controlPlane.mustKubectl(['api-resources', '--api-group=k8slab.io']);
}

type Remembered = Pick<BootOptions, 'tree' | 'binds'>;

/** A later process boots the container as this one did. */
function rememberBoot(paths: ContainerPaths, boot: Remembered): void {
  mkdirSync(paths.data, { recursive: true });
  writeFileSync(join(paths.data, 'boot.json'), JSON.stringify(boot));
}

export function startContainer(name: string, paths: ContainerPaths, dieWithParent: boolean): void {
  const file = join(paths.data, 'boot.json');
  if (!existsSync(file)) throw new Error(`the lab "${name}" was not booted`);
  const boot = JSON.parse(readFileSync(file, 'utf8')) as Remembered;
  bootContainer(paths, { ...boot, dieWithParent, link: findLink(labDirectories(name).data) });
}

export function storeOf(name: string, { report = ignore, signal }: LabOptions): CacheOptions {
  return { directory: labDirectories(name).cache, report, signal };
}

function ignore(): void {
  // nobody wants to know
}

/** Ends all that a lab of this name has left, and removes it. */
export async function down(name: string): Promise<void> {
  const directories = labDirectories(name);
  await Promise.all(containersThere(directories).map(endContainer));
  endLink(directories.data);
  rmSync(directories.data, { recursive: true, force: true });
  rmSync(directories.run, { recursive: true, force: true });
}
