import type { DaemonConfig } from '../../api/daemon-config.ts';
import { isTrue, READY } from '../../api/conditions.ts';
import { isElsewhere } from '../../api/meta.ts';
import { version } from '../../api/version.ts';
import { capacityOf } from '../../api/vmhost/facts.ts';
import type { VmhostStatus } from '../../api/vmhost/object.ts';
import type { ObjectStore } from '../../controllers/objects.ts';
import { createSharedRead } from '../../controllers/shared-read.ts';
import { readIfExists } from '../../drivers/files.ts';
import { readLocalAddress } from '../../drivers/vmhost/local-address.ts';
import { readMachine } from '../../drivers/vmhost/machine.ts';
import { readRoom } from '../../drivers/vmhost/room.ts';
import type { Clock } from '../../engine/clock.ts';

export interface FactsDeps {
  readonly config: Pick<DaemonConfig, 'source' | 'storage'>;
  readonly machineID: string;
  /** URL of the API server. */
  readonly server: string | undefined;
  readonly sshPublicKey: string;
  readonly store: Pick<ObjectStore, 'list'>;
  readonly clock: Clock;
}

export type Facts = () => Promise<Omit<VmhostStatus, 'conditions'>>;

/** It changes when somebody changes the machine. */
const MAX_AGE_MS = 60_000;

/** What this vmhost tells those that share a lab with it. */
export function createFacts({ config, machineID, server, sshPublicKey, store, clock }: FactsDeps): Facts {
  const read = createSharedRead(
    async () => {
      const [machine, storage, address, sshHostKey] = await Promise.all([
        readMachine(),
        readRoom(config.storage),
        config.source.address ?? (server === undefined ? undefined : readLocalAddress(server)),
        readHostKey(),
      ]);
      const room = { cpus: machine?.cpus ?? 0, memory: machine?.memoryTotal ?? 0, storage };
      return {
        ...capacityOf(room, config.source.overcommit),
        ...(address === undefined ? {} : { addresses: [address] }),
        ...(sshHostKey === undefined ? {} : { sshHostKey }),
      };
    },
    clock,
    MAX_AGE_MS,
  );
  // The comment of a key names whoever made it.
  const [type = '', key = ''] = sshPublicKey.split(' ');
  return async () => ({
    version,
    machineID,
    sshPublicKey: `${type} ${key}`,
    ...(await read.get()),
    images: imagesIn(store),
  });
}

function imagesIn(store: Pick<ObjectStore, 'list'>): readonly string[] {
  return store
    .list('Image')
    .filter((image) => !isElsewhere(image) && isTrue(image.status.conditions, READY))
    .map(({ metadata }) => metadata.name);
}

async function readHostKey(): Promise<string | undefined> {
  const text = await readIfExists('/etc/ssh/ssh_host_ed25519_key.pub').catch(() => undefined);
  return /^ssh-ed25519 [A-Za-z0-9+/]+=*/.exec(text ?? '')?.[0];
}
