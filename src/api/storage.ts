/** Where images, disks and seeds lie unless the daemon's configuration says otherwise. */
export const DEFAULT_STORAGE = '/var/lib/libvirt/images/k8slab';

/** The directory of the disks that k8slab makes. */
export function disksDir(storage: string): string {
  return `${storage}/disks`;
}

/** Name of the disk that k8slab makes for a Node. */
export function diskFile(node: string): string {
  return `${node}.qcow2`;
}
