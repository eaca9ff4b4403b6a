import { posix } from 'node:path';

/** Where images, disks and seeds lie unless the daemon's configuration says otherwise. */
export const DEFAULT_STORAGE = '/var/lib/libvirt/images/k8slab';

/** The directory of the images that k8slab keeps, on which the disks of guests stand. */
export function imagesDir(storage: string): string {
  return posix.join(storage, 'images');
}

/** The directory of the disks that k8slab makes. */
export function disksDir(storage: string): string {
  return posix.join(storage, 'disks');
}

/** Name of the disk that k8slab makes for a Node. */
export function diskFile(node: string): string {
  return `${node}.qcow2`;
}
