import type { HostsTable } from '../../api/ipam/hosts-file.ts';
import type { NodeDesire, NodeNetworks } from '../../api/node/desire.ts';
import type { ObservedNode } from '../../api/node/observed.ts';
import type { NodeProbes } from '../../api/node/probes.ts';
import type { Disks } from '../../drivers/disks.ts';
import type { KeyPair } from '../../drivers/keys.ts';
import type { Libvirt, LibvirtView } from '../../drivers/libvirt.ts';
import type { Seeds } from '../../drivers/seeds.ts';
import type { Memory } from '../../engine/memory.ts';
import type { Jobs } from '../jobs.ts';
import type { ProbeDeps } from './probes.ts';
import type { ObjectStore } from '../objects.ts';
import type { Turns } from './turns.ts';
import type { SharedRead } from '../shared-read.ts';

export interface NodeDeps extends ProbeDeps {
  readonly store: ObjectStore;
  readonly libvirt: Libvirt;
  readonly view: LibvirtView;
  readonly disks: Disks;
  /** Directory of the images that k8slab keeps. */
  readonly imagesDir: string;
  readonly seeds: Seeds;
  /** The host key that the guest of this Node is given; made at the first call. */
  readonly hostKey: (node: string) => Promise<KeyPair>;
  /** What API servers call this vmhost; left out: there is none. */
  readonly vmhost?: string;
  /** Public key of the daemon. */
  readonly daemonKey: string;
  /** Those of the daemons of other vmhosts; left out: there are none. */
  readonly peerKeys?: () => readonly string[];
  readonly jobs: Jobs;
  readonly turns: Turns;
  /** What is remembered of other objects. */
  readonly memory: Pick<Memory, 'read'>;
  /** Seconds that a guest may take to shut down. */
  readonly stopSeconds: number;
  /** What /etc/hosts says; undefined: the daemon does not write it. */
  readonly hosts?: SharedRead<HostsTable>;
}

/** What one look at a Node found. */
export interface NodeExtra {
  readonly desire: NodeDesire;
  readonly networks: NodeNetworks;
  readonly observed: ObservedNode;
  readonly probes: NodeProbes;
}
