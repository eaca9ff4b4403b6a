import type { Pending, Plan } from '../disruption/action.ts';
import { step } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { DomainModel } from '../libvirt/domain.ts';
import { formatBytes } from '../quantity.ts';
import { FIRST_DISK } from './render-domain.ts';
import type { DesiredNode, DiskOrigin, ObservedNode } from './observed.ts';

/** How a guest gets what only its first boot gives. */
export const MADE_ANEW =
  'to have it made anew, without its data: policy.reclaim: Delete, take the manifest away, and put it back once the Node is gone';

/** What no pass makes use of: a next copy begins anew. */
export const DISCARD_COPY = step('none', 'a copy that was broken off left a part of a disk', {
  type: 'DiscardCopy' as const,
});

/** What the disk of an existing guest does not have of what the manifest says. */
export function pendingDisk(
  desired: DesiredNode,
  observed: ObservedNode,
  waiting: Plan['waiting'],
): Pending[] {
  const missing = missingDisk(desired, observed);
  const shrink = shrinkRefusal(desired, observed);
  const growth = growthRefusal(desired, observed);
  const source = otherSource(desired, observed);
  return [
    ...(missing === undefined || waiting?.reason === missing.reason
      ? []
      : [{ type: 'DiskMissing' as const, ...missing }]),
    ...(shrink === undefined
      ? []
      : [{ type: 'DiskShrinkRefused' as const, reason: 'WouldLoseData', message: shrink }]),
    ...(growth === undefined
      ? []
      : [{ type: 'DiskGrowthRefused' as const, reason: 'BackingFile', message: growth }]),
    ...(source === undefined
      ? []
      : [{ type: 'DiskSourceDiffers' as const, reason: 'MadeBefore', message: source }]),
  ];
}

/** Why the disk keeps a size other than the manifest's; undefined when it does not. */
export function shrinkRefusal({ diskSize }: DesiredNode, { disk }: ObservedNode): string | undefined {
  if (diskSize === undefined || disk.size === undefined || diskSize >= disk.size) return undefined;
  const has = formatBytes(disk.size);
  return `the disk has ${has}; making it ${formatBytes(diskSize)} could cut data off, so it stays; size: ${has} says what it has`;
}

/** Why the disk is not grown: a guest that writes to another file has it as the backing file of that one. */
export function growthRefusal(desired: DesiredNode, observed: ObservedNode): string | undefined {
  const growth = diskGrowth(desired, observed);
  if (growth === undefined) return undefined;
  const { name } = desired;
  const { disk, domain } = observed;
  const file = firstDisk(domain?.live ?? domain?.config.model);
  if (file === undefined || file === disk.path) return undefined;
  const back = `"virsh blockcommit ${name} ${FIRST_DISK} --active --pivot"`;
  return (
    `${growth.reason}, but the guest writes to ${file}, ` +
    `perhaps a snapshot of it; it grows once the guest writes to ${disk.path} again, by ${back} while it runs`
  );
}

/** The size to which a disk of k8slab's is to grow; undefined: it is as large as it shall be. */
export function diskGrowth(
  { diskSize: size }: DesiredNode,
  { disk }: ObservedNode,
): { readonly size: number; readonly reason: string } | undefined {
  if (size === undefined || disk.size === undefined || !disk.ours || size <= disk.size) return undefined;
  return { size, reason: `the disk has ${formatBytes(disk.size)} and shall have ${formatBytes(size)}` };
}

/** The file that a guest has as its first disk. */
export function firstDisk(model: DomainModel | undefined): string | undefined {
  return model?.disks.find(({ target }) => target === FIRST_DISK)?.file;
}

/** Why a guest that exists could not be started: its disk is not there, or not all of it. A new one would be without its data. */
export function missingDisk(desired: DesiredNode, observed: ObservedNode): Waiting | undefined {
  const { name, spec } = desired;
  const { domain, disk } = observed;
  if (disk.exists) return missingBacking(desired, observed);
  if (domain === undefined) return undefined;
  const { path } = disk;
  if (spec.disk.path !== undefined)
    return { reason: 'DiskMissing', message: disk.problem ?? `${path} is not there` };
  const { model } = domain.config;
  if (model.mark?.adopted === true) return { reason: 'Conflict', message: othersDisk(model) };
  if (!disk.ours) {
    const message = `neither ${path} nor the file that says it is k8slab's is there; is its file system mounted?`;
    return { reason: 'StorageMissing', message };
  }
  const message = `${path} is gone; put it back, or have the guest made anew, without its data, by "virsh undefine ${name}"`;
  return { reason: 'DiskMissing', message };
}

/** Of a guest of others, whose manifest asks for a disk that k8slab makes. */
function othersDisk({ disks }: DomainModel): string {
  const [file] = disks.flatMap((disk) => (disk.device === 'disk' ? (disk.file ?? []) : []));
  return file === undefined
    ? 'others made the guest, and without a disk file, which policy.adopt does not take over: take the manifest away, or rename it'
    : `others made the guest, with ${file}: with policy.adopt the manifest names that one, by "disk: {path: ${file}}"`;
}

/** Why no guest could be started from a disk that is there: a file is gone that has the rest of its data. */
export function missingBacking(
  { name }: DesiredNode,
  { domain, disk: { path, lacks } }: ObservedNode,
): Waiting | undefined {
  if (lacks === undefined) return undefined;
  const target = domain?.live?.disks.find(({ file }) => file === path)?.target;
  const pull = `while the guest runs, it still reads that file, and "virsh blockpull ${name} ${target ?? ''}" copies it into the disk`;
  const way = target === undefined ? MADE_ANEW : pull;
  const message = `${path} stands on ${lacks}, which is gone; put that file back as it was, before the next start; ${way}`;
  return { reason: 'BackingFileMissing', message };
}

/** Why a guest that runs is not restarted though it should be; undefined where nothing is against it. */
export function noReturn(desired: DesiredNode, observed: ObservedNode): string | undefined {
  const missing = missingDisk(desired, observed);
  return missing && `the guest would not start again: ${missing.message}`;
}

/** Why its disk is not of what the manifest names; undefined where it is, or nobody knows. */
function otherSource({ spec }: DesiredNode, { disk, domain, source }: ObservedNode): string | undefined {
  const { origin } = disk;
  const { image, cloneOf, path } = spec.disk;
  if (origin === undefined || path !== undefined || !disk.exists) return undefined;
  const wanted: DiskOrigin = { image, cloneOf };
  if (origin.image !== image || origin.cloneOf !== cloneOf)
    return `the disk was made ${from(origin)} and stays; ${from(wanted)} only a new one is made; ${MADE_ANEW}`;
  const now = source.state === 'ready' && source.disk?.from === 'image' ? source.disk.sha256 : undefined;
  const reused = domain?.config.model.mark?.reusedDisk === true;
  if (!reused || now === undefined || origin.sha256 === undefined || now === origin.sha256) return undefined;
  return `the disk is of an earlier guest and was made from other content of Image "${image ?? ''}"; ${MADE_ANEW}`;
}

function from({ image, cloneOf }: DiskOrigin): string {
  return image === undefined ? `as a copy of Node "${cloneOf ?? ''}"` : `from Image "${image}"`;
}
