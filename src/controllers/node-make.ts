import { createHash } from 'node:crypto';
import { ReasonedError } from '../api/errors.ts';
import { derivedUuid } from '../api/names.ts';
import { parseDomain } from '../api/libvirt/domain.ts';
import type { NodeAction } from '../api/plan/action.ts';
import { parseBytes } from '../api/quantity.ts';
import { renderBackup } from '../api/render/backup.ts';
import { cloudInitHash, renderSeed, type CloudInitInput } from '../api/render/cloud-init.ts';
import { renderDomain } from '../api/render/domain.ts';
import type { KeyPair } from '../drivers/keys.ts';
import type { JobRun } from './jobs.ts';
import type { NodeDeps, NodeExtra } from './node-observe.ts';
import type { ObjectOf } from './objects.ts';

type CreateDisk = Extract<NodeAction, { type: 'CreateDisk' }>;

export async function createDisk(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  { source, size }: CreateDisk,
): Promise<void> {
  const { name: node, generation } = object.metadata;
  const grown = size === undefined ? {} : { size };
  if (source.from === 'image') {
    await deps.disks.createOverlay({ node, backing: source, ...grown });
    return;
  }
  const copy = source.running ? copyLive : copyStopped;
  deps.jobs.start(node, generation, copy(deps, node, source, size));
}

type CloneSource = Extract<CreateDisk['source'], { from: 'node' }>;

function copyStopped(deps: NodeDeps, node: string, source: CloneSource, size: number | undefined): JobRun {
  return async (signal, report) => {
    const disk = await sourceDisk(deps, source, { inactive: true });
    // As it is defined, never as it looks: a guest can write another format's header into a raw disk.
    const format = disk.format === 'raw' ? 'raw' : 'qcow2';
    await deps.disks.createCopy({
      node,
      source: { path: source.path, format },
      ...(size === undefined ? {} : { size }),
      signal,
      onProgress: ({ bytes, total }) => report(copying(source.node, bytes / Math.max(1, total))),
    });
  };
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

function copying(node: string, share: number): { reason: string; message: string } {
  return { reason: 'CopyingDisk', message: `${Math.floor(share * 100)} % of the disk of Node "${node}"` };
}

const POLL_MS = 500;

/** libvirt copies the disk of a running guest as it is at this moment; the guest goes on. */
function copyLive(deps: NodeDeps, node: string, source: CloneSource, size: number | undefined): JobRun {
  return async (signal, report) => {
    const disk = await sourceDisk(deps, source, { inactive: false });
    await expectNoJob(deps, source.node);
    const target = await deps.disks.freshTempPath(node);
    await deps.libvirt.beginBackup(source.node, renderBackup(disk.all, disk.target, target));
    await finishBackup(deps, source.node, signal, (share) => report(copying(source.node, share)));
    const grown = size === undefined ? {} : { size };
    await deps.disks.adoptCopy({ node, tempPath: target, source: source.path, ...grown });
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

/** A seed is named by all that is in it, the host key included. */
function seedHash(cloudInit: CloudInitInput, key: KeyPair): string {
  return createHash('sha256').update(cloudInitHash(cloudInit)).update(key.publicKey).digest('hex');
}

export async function writeSeed(deps: NodeDeps, cloudInit: CloudInitInput): Promise<void> {
  const key = await deps.hostKey(cloudInit.node);
  await deps.seeds.write(cloudInit.node, seedHash(cloudInit, key), renderSeed(cloudInit, key));
}

export async function defineDomain(
  deps: NodeDeps,
  object: ObjectOf<'Node'>,
  cloudInit: CloudInitInput,
  { networks, observed }: NodeExtra,
): Promise<void> {
  const { name } = object.metadata;
  const { cpus, memory, domainType = 'auto' } = object.spec;
  const host = deps.store.list('Host')[0]?.status;
  const key = await deps.hostKey(name);
  const { path } = observed.disk;
  const { format } = await deps.disks.info(path);
  const xml = renderDomain({
    name,
    uuid: derivedUuid('Node', name),
    type: domainType === 'auto' ? (host?.domainType ?? 'qemu') : domainType,
    arch: host?.arch ?? 'x86_64',
    cpus,
    memory: parseBytes(memory),
    disk: { path, format },
    seed: deps.seeds.path(name, seedHash(cloudInit, key)),
    interfaces: networks.entries.map((entry, index) => ({
      network: object.spec.networks[index]?.network ?? '',
      mac: entry.mac,
    })),
    mark: {
      kind: 'Node',
      name,
      reclaim: object.spec.policy.reclaim,
      cloudInit: cloudInitHash(cloudInit),
      hostKey: publicPart(key.publicKey),
    },
  });
  await deps.libvirt.defineDomain(xml);
}

/** Type and key, without the comment: what known_hosts takes. */
function publicPart(line: string): string {
  return line.split(' ').slice(0, 2).join(' ');
}
