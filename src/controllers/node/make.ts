import { ReasonedError } from '../../api/errors.ts';
import { derivedUuid } from '../../api/ipam/names.ts';
import { parseDomain } from '../../api/libvirt/domain.ts';
import type { DomainMark } from '../../api/ownership/mark.ts';
import type { Waiting } from '../../api/disruption/waiting.ts';
import type { NodeAction } from '../../api/node/actions.ts';
import { renderBackup } from '../../api/node/render-backup.ts';
import { cloudInitHash, type CloudInitInput } from '../../api/node/render-cloud-init.ts';
import { renderDomain } from '../../api/node/render-domain.ts';
import type { ObservedNode } from '../../api/node/observed.ts';
import { nextMark, type DesiredDefinition } from '../../api/node/render-domain-over.ts';
import type { JobRun } from '../jobs.ts';
import type { NodeDeps } from './deps.ts';
import { type ObjectOf, ownVmhost } from '../objects.ts';
import { seedHash } from './seed.ts';

type CreateDisk = Extract<NodeAction, { type: 'CreateDisk' }>;

export async function createDisk(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  { source, size }: CreateDisk,
): Promise<void> {
  const { name: node } = object.metadata;
  const grown = size === undefined ? {} : { size };
  if (source.from === 'image') {
    const { image, sha256 } = source;
    await deps.disks.createOverlay({ node, backing: source, origin: { image, sha256 }, ...grown });
    return;
  }
  const copy = source.running ? copyLive : copyStopped;
  deps.jobs.start(object.metadata, copy(deps, node, source, size), source.node);
}

type CloneSource = Extract<CreateDisk['source'], { from: 'node' }>;

function copyStopped(deps: NodeDeps, node: string, source: CloneSource, size: number | undefined): JobRun {
  return async (signal, report) => {
    const disk = await sourceDisk(deps, source, { inactive: true });
    await deps.disks.createCopy({
      node,
      source: { path: source.path, format: formatOf(disk, source) },
      origin: { cloneOf: source.node },
      ...(size === undefined ? {} : { size }),
      signal,
      onProgress: ({ bytes, total }) => report(copying(source.node, bytes / Math.max(1, total))),
    });
  };
}

/** As it is defined, never as it looks: a guest can write another format's header into a raw disk. */
function formatOf({ format = 'raw' }: { format?: string }, source: CloneSource): 'qcow2' | 'raw' {
  if (format === 'raw' || format === 'qcow2') return format;
  const message = `cannot clone Node "${source.node}": ${source.path} is ${format}, neither qcow2 nor raw`;
  throw new ReasonedError('DiskFormatUnsupported', message);
}

async function sourceDisk(
  deps: NodeDeps,
  source: CloneSource,
  options: { inactive: boolean },
): Promise<{ target: string; format?: string; all: string[] }> {
  const xml = await deps.libvirt.domainXml(source.node, options);
  const disks = xml === undefined ? [] : parseDomain(xml).model.disks;
  const disk = disks.find(({ file }) => file === source.path);
  if (disk !== undefined) return { ...disk, all: disks.map(({ target }) => target) };
  const message = `cannot clone Node "${source.node}": it no longer runs on ${source.path}`;
  throw new ReasonedError('DiskMissing', message);
}

function copying(node: string, share: number): Waiting {
  return { reason: 'CopyingDisk', message: `${Math.floor(share * 100)} % of the disk of Node "${node}"` };
}

const POLL_MS = 500;

/** libvirt copies the disk of a running guest as it is at this moment; the guest goes on. */
function copyLive(deps: NodeDeps, node: string, source: CloneSource, size: number | undefined): JobRun {
  return async (signal, report) => {
    const disk = await sourceDisk(deps, source, { inactive: false });
    await expectNoJob(deps, source.node);
    const target = await deps.disks.freshTempPath(node);
    try {
      await deps.libvirt.beginBackup(source.node, renderBackup(disk.all, disk.target, target));
      await finishBackup(deps, source.node, signal, (share) => report(copying(source.node, share)));
      const copy = { node, tempPath: target, source: source.path, origin: { cloneOf: source.node } };
      await deps.disks.adoptCopy(size === undefined ? copy : { ...copy, size });
    } finally {
      // Also where another disk came in between, so that the copy was not taken.
      await deps.disks.discardTemp(node);
    }
  };
}

/** One that runs is somebody's backup, or a copy that a killed daemon began: it is let to its end. */
async function expectNoJob(deps: NodeDeps, domain: string): Promise<void> {
  const { state, operation = 'job' } = await deps.libvirt.domainJob(domain);
  if (state !== 'running') return;
  const message = `cannot clone Node "${domain}": a ${operation} of its domain is under way`;
  throw new ReasonedError('JobActive', message, { hint: `virsh domjobinfo ${domain}` });
}

async function finishBackup(
  deps: NodeDeps,
  domain: string,
  signal: AbortSignal,
  report: (share: number) => void,
): Promise<void> {
  for (;;) {
    const job = await deps.libvirt.domainJob(domain);
    if (job.state === 'completed' || job.state === 'none') return;
    if (job.state !== 'running') {
      const why = job.error ?? `its backup ${job.state}`;
      throw new ReasonedError('CloneFailed', `cannot clone Node "${domain}": ${why}`);
    }
    report(job.progress ?? 0);
    await deps.clock.sleep(POLL_MS, signal).catch(async (aborted: unknown) => {
      await deps.libvirt.abortDomainJob(domain);
      throw aborted;
    });
  }
}

/** Defines a new guest. */
export async function defineDomain(
  deps: NodeDeps,
  cloudInit: CloudInitInput,
  definition: DesiredDefinition,
  { disk, ownDisk }: { readonly disk: ObservedNode['disk']; readonly ownDisk: boolean },
): Promise<void> {
  const name = cloudInit.node;
  const host = ownVmhost(deps.store)?.status;
  const key = await deps.hostKey(name);
  const told = disk.firstBoot ?? cloudInitHash(cloudInit);
  // k8slab makes no other; what a disk of others is was said or seen when it was first looked at.
  const { format = 'qcow2' } = ownDisk ? {} : disk;
  if (ownDisk) await deps.disks.noteFirstBoot(name, told);
  const { type = 'qemu', cpus, memory, interfaces, reclaim } = definition;
  const mark: DomainMark = {
    kind: 'Node',
    name,
    reclaim,
    cloudInit: told,
    ...(disk.firstBoot === undefined ? {} : { reusedDisk: true }),
    ...(ownDisk ? {} : { diskFormat: format }),
    hostKey: publicPart(key.publicKey),
  };
  const xml = renderDomain({
    name,
    uuid: derivedUuid('Node', name),
    type,
    arch: host?.arch ?? 'x86_64',
    cpus,
    memory,
    disk: { path: disk.path, format },
    seed: deps.seeds.path(name, seedHash(told, key.publicKey)),
    interfaces,
    mark: nextMark(mark, definition),
  });
  await deps.libvirt.defineDomain(xml);
}

/** Type and key, without the comment: what known_hosts takes. */
function publicPart(line: string): string {
  return line.split(' ').slice(0, 2).join(' ');
}
