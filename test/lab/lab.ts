import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Binaries } from '../control-plane/binaries.ts';
import { createControlPlane, type ControlPlane } from './control-plane.ts';
import { labDirectories } from './directories.ts';
import { findLink, setCable } from './link.ts';
import { takeLock, type LockOptions } from './lock.ts';
import { assertMachine } from './machine.ts';
import { installPackage, labPackage } from './package.ts';
import { buildParts } from './parts.ts';
import { planControl, planVmhosts, type Planned, type Size } from './plan.ts';
import { guests, suites } from './recipes.ts';
import type { Guest, Suite } from './recipes.ts';
import { down, startContainer, storeOf, up, type Machines } from './up.ts';
import { createVmhost, type Vmhost } from './vmhost.ts';

export type { ExecOptions, Vmhost } from './vmhost.ts';
export { labDirectories } from './directories.ts';

export interface LabOptions {
  /** Labs of different names live side by side. Default "default". */
  readonly name?: string;
  /** How many vmhosts there are; several are on a link of their own. Default 1. */
  readonly vmhosts?: number;
  /** A Kubernetes API server on their link, which each has a kubeconfig for. Default false. */
  readonly controlPlane?: boolean;
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
  /** The control plane's, on this machine. */
  readonly binaries?: Binaries;
}

/** One vmhost or several; what a Vmhost does, the lab does with its first one. */
export interface Lab extends Vmhost {
  readonly name: string;
  /** Builds what lacks, ends an earlier lab of this name, boots the vmhosts with k8slab installed; k8slabd does not run yet. */
  readonly up: () => Promise<void>;
  readonly vmhosts: readonly Vmhost[];
  /** @param number 1 is the first one */
  readonly vmhost: (number: number) => Vmhost;
  /** Undefined in a lab that has none. */
  readonly controlPlane: ControlPlane | undefined;
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
  const size: Size = { vmhosts: options.vmhosts ?? 1, controlPlane: options.controlPlane ?? false };
  const machine = ({ hostname, paths }: Planned): Vmhost => {
    const start = (): void => startContainer(name, paths, options.dieWithParent ?? false);
    return createVmhost({ hostname, paths, start, signal: options.signal });
  };
  const machines: Machines = {
    vmhosts: planVmhosts(size, directories).map(machine),
    controlPlane: size.controlPlane
      ? createControlPlane({
          machine: machine(planControl(directories)),
          binaries: () => binariesOf(name),
          kubeconfig: join(directories.run, 'kubeconfig'),
        })
      : undefined,
  };
  const vmhost = (number: number): Vmhost => {
    const found = machines.vmhosts[number - 1];
    if (found === undefined) throw new Error(`the lab "${name}" has vmhosts 1 to ${machines.vmhosts.length}`);
    return found;
  };
  let release: (() => void) | undefined;

  return {
    ...vmhost(1),
    ...machines,
    name,
    vmhost,
    up: async () => {
      // Another run of the same tests waits until this one is over.
      if (options.dieWithParent === true) release ??= await takeLock(`${directories.run}.lock`, waits());
      await up(name, machines, { ...options, ...size });
    },
    setCable: async (of, state) => {
      const link = findLink(directories.data);
      if (link === undefined) throw new Error(`the vmhosts of the lab "${name}" are on no link`);
      await setCable(link, of.init(), state);
    },
    install: async () => {
      const deb = await labPackage(storeOf(name, options));
      for (const each of machines.vmhosts) await installPackage(each, deb, { start: true });
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

function binariesOf(name: string): Binaries {
  const binaries = describeLab(name)?.binaries;
  if (binaries === undefined) throw new Error(`the lab "${name}" has no control plane`);
  return binaries;
}

/** Builds all that any lab of this checkout boots from, so that no `up` has to wait for it. */
export async function buildAll(options: Pick<LabOptions, 'report' | 'signal'>): Promise<void> {
  assertMachine();
  await buildParts({ suites, guests }, storeOf('default', options));
}
