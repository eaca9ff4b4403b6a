import { formatBytes } from '../quantity.ts';
import type { VmhostResources } from './object.ts';

/** What a machine has, in processors and bytes. */
export interface MachineRoom {
  readonly cpus: number;
  readonly memory: number;
  readonly storage: number;
}

export type Overcommit = Readonly<Record<keyof VmhostResources, number>>;

/** Of the memory and the storage the vmhost itself has its share. */
const SYSTEM_SHARE = 0.05;

export interface Capacity {
  readonly capacity: VmhostResources;
  readonly allocatable: VmhostResources;
}

export function capacityOf({ cpus, memory, storage }: MachineRoom, overcommit: Overcommit): Capacity {
  const forNodes = (bytes: number, times: number): string => whole(bytes * (1 - SYSTEM_SHARE) * times);
  return {
    capacity: { cpu: cpus, memory: whole(memory), storage: whole(storage) },
    allocatable: {
      cpu: Math.floor(cpus * overcommit.cpu),
      memory: forNodes(memory, overcommit.memory),
      storage: forNodes(storage, overcommit.storage),
    },
  };
}

const MIB = 1024 ** 2;

function whole(bytes: number): string {
  return formatBytes(Math.floor(bytes / MIB) * MIB);
}
