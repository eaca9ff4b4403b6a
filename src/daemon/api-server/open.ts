import type { DaemonConfig } from '../../api/daemon-config.ts';
import { explainError } from '../../api/errors.ts';
import { namesOf } from '../../api/kinds/kinds.ts';
import { KINDS } from '../../api/kinds/list.ts';
import type { KeyPair } from '../../drivers/keys.ts';
import { removeWritten } from '../../drivers/files.ts';
import type { Kube } from '../../drivers/kube.ts';
import { readIdentity, type MachineIdentity } from '../../drivers/vmhost/identity.ts';
import type { Releasers } from '../../engine/releasers.ts';
import { vmhostName } from '../vmhost-name.ts';
import { createFacts } from './facts.ts';
import { kubeMeter } from './metrics.ts';
import { rememberedIn } from './remembered.ts';
import { openApiServer, type ApiServer, type ApiServerDeps } from './start.ts';

export type { ApiServer } from './start.ts';

/** An API server to talk to. */
export interface Connection {
  readonly kube: Kube;
  /** Its URL, where that is known. */
  readonly server: string | undefined;
}

/** @param reporter who tells it of events */
export type Connect = (
  kubeconfig: string,
  reporter: string,
  onRequest: ReturnType<typeof kubeMeter>,
) => Promise<Connection>;

export interface OpenDeps extends Omit<ApiServerDeps, 'kube' | 'vmhost' | 'machine' | 'facts' | 'config'> {
  readonly config: DaemonConfig;
  readonly identity: KeyPair;
  readonly connect?: Connect;
  /** Default: as this machine's files say. */
  readonly machine?: MachineIdentity;
}

/** The API server that the configuration names; undefined: it names none. */
export async function openConfigured(deps: OpenDeps, releasers: Releasers): Promise<ApiServer | undefined> {
  const { config, identity, store, clock, connect = connectByKubeconfig } = deps;
  const { kubeconfig } = config.source;
  if (kubeconfig === '') {
    await forget(config, deps.log);
    return undefined;
  }
  const vmhost = vmhostName(config);
  const machine = deps.machine ?? (await readIdentity());
  const { kube, server } = await connect(kubeconfig, vmhost, kubeMeter(deps.metrics));
  const { machineID } = machine;
  const facts = createFacts({ config, machineID, server, sshPublicKey: identity.publicKey, store, clock });
  return openApiServer({ ...deps, kube, vmhost, machine, facts }, releasers);
}

/** By the time an API server has the objects again, what it had before is no longer what anybody wants. */
async function forget({ state }: DaemonConfig, log: OpenDeps['log']): Promise<void> {
  try {
    await removeWritten(rememberedIn(state));
  } catch (error) {
    log.warn({ why: explainError(error) }, 'cannot forget what the API server had');
  }
}

async function connectByKubeconfig(
  kubeconfig: string,
  reporter: string,
  onRequest: ReturnType<typeof kubeMeter>,
): Promise<Connection> {
  // It is large, and of no use to a daemon that reads a directory.
  const { createKube } = await import('../../drivers/kube/client.ts');
  const { readAccess } = await import('../../drivers/kube/kubeconfig.ts');
  // One that cannot be used now may be mended while the daemon runs: each call says what is wrong with it.
  const server = await readAccess(kubeconfig).then(
    (access) => access.server,
    () => undefined,
  );
  return { kube: createKube({ kubeconfig, reporter, kinds: KINDS.all.map(namesOf), onRequest }), server };
}
