import { join } from 'node:path';
import { containerOf, onlyContainer, type LabDirectories } from './directories.ts';
import type { ContainerPaths } from './container.ts';

/** A container of a lab before it is booted. */
export interface Planned {
  readonly hostname: string;
  readonly paths: ContainerPaths;
  /** Its address on the link; none where it is not plugged in. */
  readonly address?: string;
}

export interface Size {
  readonly vmhosts: number;
  readonly controlPlane: boolean;
}

const SUBNET = '10.77.0';
export const CONTROL = 'control';
export const CONTROL_ADDRESS = `${SUBNET}.10`;
const MOST = 9;

/** A vmhost that is alone has no link, and the paths and the name that labs always had. */
export function isLinked({ vmhosts, controlPlane }: Size): boolean {
  return vmhosts > 1 || controlPlane;
}

/** The vmhosts of a lab, the first one first. */
export function planVmhosts(size: Size, directories: LabDirectories): Planned[] {
  if (!Number.isInteger(size.vmhosts) || size.vmhosts < 1 || size.vmhosts > MOST)
    throw new Error(`a lab has 1 to ${MOST} vmhosts`);
  if (!isLinked(size)) return [{ hostname: 'vmhost', paths: onlyContainer(directories) }];
  return Array.from({ length: size.vmhosts }, (_, index) => {
    const hostname = `vmhost${index + 1}`;
    return { hostname, paths: containerOf(directories, hostname), address: `${SUBNET}.${11 + index}` };
  });
}

/** The container of the control plane. */
export function planControl(directories: LabDirectories): Planned {
  return { hostname: CONTROL, paths: containerOf(directories, CONTROL), address: CONTROL_ADDRESS };
}

export function upperOf(paths: ContainerPaths): string {
  return join(paths.data, 'upper');
}
