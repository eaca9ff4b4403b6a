import { explainError, ReasonedError } from '../../api/errors.ts';
import type { NetworkAction } from '../../api/disruption/action.ts';
import type { Bridges } from '../../drivers/bridges.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { Libvirt } from '../../drivers/libvirt.ts';

export interface RestartDeps {
  readonly libvirt: Libvirt;
  readonly dnsmasq: Dnsmasq;
  readonly bridges: Bridges;
}

type Restart = Extract<NetworkAction, { type: 'RestartNetwork' }>;

/**
 * Stops the network and starts it from its definition, while its guests go on reaching each other by a bridge of their
 * own (libvirt-facts T18). Not to be interrupted: what is killed half-way is gone on with at the next look.
 * @throws ReasonedError RestartFailed when it does not start; the definition from before runs again then
 */
export async function restartNetwork(deps: RestartDeps, network: string, action: Restart): Promise<void> {
  const { libvirt, dnsmasq, bridges } = deps;
  const { attachment } = action;
  if (attachment.ports.length > 0) await bridges.park(attachment.parking, attachment.ports);
  try {
    await libvirt.destroyNetwork(network);
  } catch (error) {
    // The network still runs: its guests get their gateway back before anything else.
    if (attachment.ports.length > 0) await bridges.attach({ ...attachment, bridge: action.before });
    throw error;
  }
  // The definition says it all; a file from before could speak for another machine's address.
  const unwritten = await failureOf(dnsmasq.writeHostFiles(network, { reservations: [], names: [] }));
  const unstarted = await failureOf(libvirt.startNetwork(network));
  const failure = unstarted === undefined ? undefined : toFailure(network, unstarted.error);
  if (failure !== undefined) await restore(deps, network, action, failure);
  const bridge = failure === undefined ? attachment.bridge : action.before;
  if (attachment.ports.length > 0) await bridges.attach({ ...attachment, bridge });
  if (failure !== undefined) throw failure;
  const failures = [unwritten];
  for (const guest of action.reboot) failures.push(await failureOf(libvirt.rebootDomain(guest)));
  const first = failures.find((each) => each !== undefined);
  if (first !== undefined) throw first.error;
}

/** What went wrong, for later: the network is brought back first, whatever else fails. */
async function failureOf(step: Promise<unknown>): Promise<{ readonly error: unknown } | undefined> {
  return step.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}

function toFailure(network: string, error: unknown): ReasonedError {
  return new ReasonedError('RestartFailed', `cannot restart network "${network}": ${explainError(error)}`, {
    cause: error,
    hint: 'the definition from before runs again; mend the manifest to have another try',
  });
}

/** @throws ReasonedError RestartFailed when the network does not come back either */
async function restore(deps: RestartDeps, network: string, action: Restart, failure: Error): Promise<void> {
  if (action.rollback === undefined) throw failure;
  try {
    await deps.libvirt.defineNetwork(action.rollback);
    await deps.libvirt.startNetwork(network);
  } catch (error) {
    const message = `${failure.message}; the definition from before does not start either: ${explainError(error)}`;
    throw new ReasonedError('RestartFailed', message, { cause: error });
  }
}
