import { explainError, toError } from '../../api/errors.ts';
import { formatError } from '../../api/manifest/format.ts';
import { emptySnapshot, nextSnapshot, type Snapshot } from '../../api/manifest/snapshot.ts';
import { disksDir } from '../../api/storage.ts';
import type { DaemonConfig } from '../../api/daemon-config.ts';
import { listIfExists, exists } from '../../drivers/files.ts';
import { readFirewall } from '../../drivers/firewall.ts';
import { freeSpace } from '../../drivers/io-errors.ts';
import { probeKvm } from '../../drivers/kvm/probe.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';
import { readRoutes, readUplinks } from '../../drivers/routes.ts';
import { assertTrustedWay } from '../../drivers/trust.ts';
import { readInterfaceStates } from '../../drivers/vmhost/interfaces.ts';
import { readMachine } from '../../drivers/vmhost/machine.ts';
import { askVersion, findProgram, type Program } from '../../drivers/vmhost/programs.ts';
import { readManifests } from '../manifest-files.ts';
import { NEEDED } from './checks/programs.ts';
import { demandOf, type Demand } from './demand.ts';
import { problemOf, type Unknown } from './check.ts';
import type { Facts } from './facts.ts';
import { lookAtLibvirt } from './look-libvirt.ts';
import { lookAtNames } from './look-names.ts';
import { lookAtSecrets, lookAtSources } from './look-sources.ts';
import { lookAtSystem } from './look-system.ts';

export interface LookOptions {
  /** Files and directories of manifests; those that k8slabd watches when there are none. */
  readonly paths: readonly string[];
  readonly config: DaemonConfig;
  /** What is wrong with the configuration, of which `config` has the defaults then. */
  readonly configError: string | undefined;
  readonly libvirt: Pick<Libvirt, 'version' | 'networks' | 'networkXml' | 'domains'>;
  /** Whether servers of images may be asked. */
  readonly online: boolean;
}

/** Reads all that the checks look at. Changes nothing, and needs neither a daemon nor root. */
export async function look(options: LookOptions): Promise<Facts> {
  const { config, configError, libvirt, online } = options;
  const manifests = await lookAtManifests(options.paths, config.manifests);
  const demand = demandOf('unknown' in manifests ? [] : manifests.objects);
  const programs = await lookAtPrograms();
  const [system, names, routes, uplinks, interfaces, machine, found, kvm, firewall, storage, directory] =
    await Promise.all([
      lookAtSystem(),
      lookAtNames(),
      readRoutes(),
      readUplinks(),
      readInterfaceStates(),
      readMachine(),
      lookAtLibvirt(libvirt),
      probeKvm({ qemu: programs.get('qemu-system-x86_64')?.path }),
      readFirewall(),
      lookAtStorage(config),
      lookAtDirectory(config.manifests),
    ]);
  return {
    ...system,
    ...names,
    programs,
    libvirt: found,
    kvm,
    routes,
    uplinks,
    interfaces,
    storage,
    directory,
    configError,
    demand,
    domainType: config.domainType,
    machine: machine ?? { unknown: 'there is no /proc' },
    firewall: firewall ?? { unknown: 'iptables could not be asked, which takes root' },
    manifests: 'unknown' in manifests ? manifests : describe(manifests),
    ...(await lookAtNamed(demand, online)),
  };
}

async function lookAtNamed(demand: Demand, online: boolean): Promise<Pick<Facts, 'sources' | 'secrets'>> {
  return {
    sources: await lookAtSources(demand.images, online),
    secrets: await lookAtSecrets(demand.secrets),
  };
}

/** @throws ReasonedError where what was asked for by name cannot be read */
async function lookAtManifests(paths: readonly string[], usual: string): Promise<Snapshot | Unknown> {
  try {
    return nextSnapshot(emptySnapshot, { files: await readManifests(paths.length === 0 ? [usual] : paths) });
  } catch (error) {
    if (paths.length > 0) throw error;
    return { unknown: explainError(error) };
  }
}

function describe({ objects, errors, warnings }: Snapshot): Exclude<Facts['manifests'], Unknown> {
  return { count: objects.length, errors: errors.map(formatError), warnings: warnings.map(formatError) };
}

async function lookAtPrograms(): Promise<ReadonlyMap<string, Program | undefined>> {
  const found = await Promise.all(
    NEEDED.map(async ({ names, version }) => {
      const path = await findProgram(names);
      const program =
        path === undefined ? undefined : { path, version: await askVersion([path, ...version]) };
      return [names[0], program] as const;
    }),
  );
  return new Map(found);
}

async function lookAtStorage({ storage: path }: DaemonConfig): Promise<Facts['storage']> {
  const free = await freeSpace(path).catch(unseen);
  const disks = await listIfExists(disksDir(path)).catch(unseen);
  return { path, disks, free: free ?? { unknown: 'its file system could not be asked' } };
}

function unseen(error: unknown): Unknown {
  return { unknown: toError(error).message };
}

async function lookAtDirectory(path: string): Promise<Facts['directory']> {
  try {
    if (!(await exists(path))) {
      return { path, problem: { message: `there is no ${path}`, hint: `install -d ${path}, as root` } };
    }
    await assertTrustedWay(path);
    return { path };
  } catch (error) {
    return { path, problem: problemOf(error) };
  }
}
