import { domainCalls } from './virsh/domains.ts';
import type { DomainCalls } from './virsh/domains.ts';
import { superviseEvents } from './virsh/events.ts';
import type { LibvirtEvent } from './virsh/events.ts';
import { parseVersion } from './virsh/listing.ts';
import { networkCalls } from './virsh/networks.ts';
import type { NetworkCalls } from './virsh/networks.ts';
import { createTempFiles } from './virsh/temp-files.ts';
import type { Virsh } from './virsh/virsh.ts';

export type {
  DomainRecord,
  DomainSurvey,
  LibvirtChange,
  LibvirtView,
  LiveInterface,
  NetworkRecord,
} from './libvirt/view.ts';
export type { DomainJob, DomainListing, DomainState, NetworkListing } from './virsh/listing.ts';
export type { LibvirtEvent } from './virsh/events.ts';
export type { UndefineOptions } from './virsh/domains.ts';
export type { NetworkUpdate } from './virsh/networks.ts';
export { createVirsh } from './virsh/virsh.ts';
export { VirshError } from './virsh/errors.ts';
export type { VirshReason } from './virsh/errors.ts';
export type { CallOptions, Virsh, VirshCall, VirshOptions } from './virsh/virsh.ts';

/**
 * libvirt as the controllers see it. Every call throws VirshError (reasons: LibvirtUnreachable, PermissionDenied,
 * NotFound, AlreadyExists, InvalidXml, NoSpace, DeadlineExceeded, VirshMissing, Aborted, OperationFailed).
 * What is already as wanted (start of an active network, undefine of a missing one) is success.
 */
export interface Libvirt extends DomainCalls, NetworkCalls {
  /** The version of the daemon's library, such as "9.0.0". */
  version(): Promise<string>;
  /** XML. */
  capabilities(): Promise<string>;
  /** Begins to listen. `lost` is sent once listening, and again after every gap. */
  events(onEvent: (event: LibvirtEvent) => void): { dispose(): Promise<void> };
  dispose(): Promise<void>;
}

export interface LibvirtOptions {
  virsh: Virsh;
  /** Where XML waits for virsh to read it, such as /run/k8slab; made when missing. */
  xmlDir: string;
  /** How long a new listener for events takes to listen (ms); default 1000. */
  eventsSettleMs?: number;
  /** Between restarts of that listener; default 500 ms doubling to 30 s. */
  eventsBackoff?: { firstMs: number; maxMs: number };
}

const EVENT_LOOPS = [
  ['event', '--all', '--loop', '--timestamp'],
  ['net-event', '--event', 'lifecycle', '--loop', '--timestamp'],
];

/** libvirt through virsh. Takes the virsh over: `dispose` ends it too. */
export function createLibvirt(options: LibvirtOptions): Libvirt {
  const {
    virsh,
    eventsSettleMs: settleMs = 1000,
    eventsBackoff: backoff = { firstMs: 500, maxMs: 30_000 },
  } = options;
  const withXml = createTempFiles(options.xmlDir);
  return {
    version: async () => parseVersion(await virsh.call(['version', '--daemon'])),
    capabilities: () => virsh.call(['capabilities']),
    ...domainCalls(virsh, withXml),
    ...networkCalls(virsh, withXml),
    events(onEvent) {
      const supervised = EVENT_LOOPS.map((loop) =>
        superviseEvents({ start: () => virsh.spawn(loop), onEvent, settleMs, backoff }),
      );
      return {
        async dispose() {
          await Promise.all(supervised.map((one) => one.dispose()));
        },
      };
    },
    dispose: () => virsh.dispose(),
  };
}
