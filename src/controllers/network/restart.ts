import { explainError, ReasonedError } from '../../api/errors.ts';
import type { NetworkAction } from '../../api/network/actions.ts';
import { HANGS_HINT } from '../../api/libvirt/hints.ts';
import type { Bridges } from '../../drivers/bridges.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { CallOptions, Libvirt } from '../../drivers/libvirt.ts';
import { byDeadline } from '../../engine/abortable.ts';
import type { Clock } from '../../engine/clock.ts';

/**
 * When each step is given up, counted from the beginning (ms). A stop of the daemon waits for STOP_MS.hold: all of it ends
 * before that, so that no guest is left parked for want of time alone.
 */
export const RESTART_MS = { stopped: 15_000, started: 30_000, restored: 45_000, rebooted: 55_000 };

export interface RestartDeps {
  readonly libvirt: Libvirt;
  readonly dnsmasq: Dnsmasq;
  readonly bridges: Bridges;
  readonly clock: Clock;
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
  const by = deadlines(deps.clock);
  const isUsed = attachment.ports.length > 0;
  const known = isUsed ? await bridges.neighbours(action.before) : [];
  const attach = async (bridge: string): Promise<void> => {
    if (isUsed) await bridges.attach({ ...attachment, bridge }, known);
  };
  if (isUsed) await bridges.park(attachment.parking, attachment.ports);
  try {
    await by(RESTART_MS.stopped, `stop network "${network}"`, (options) =>
      libvirt.destroyNetwork(network, options),
    );
  } catch (error) {
    // The network still runs: its guests get their gateway back before anything else.
    await attach(action.before);
    throw error;
  }
  // The definition says it all; a file from before could speak for another machine's address.
  const unwritten = await failureOf(dnsmasq.writeHostFiles(network, { reservations: [], names: [] }));
  const start = by(RESTART_MS.started, `start network "${network}"`, (options) =>
    libvirt.startNetwork(network, options),
  );
  const unstarted = await failureOf(start);
  const failure = unstarted === undefined ? undefined : toFailure(network, unstarted.error);
  if (failure !== undefined) await restore({ libvirt, by }, network, action, failure);
  await attach(failure === undefined ? attachment.bridge : action.before);
  if (failure !== undefined) throw failure;
  const reboots = action.reboot.map((guest) =>
    failureOf(
      by(RESTART_MS.rebooted, `reboot domain "${guest}"`, (options) => libvirt.rebootDomain(guest, options)),
    ),
  );
  const first = [unwritten, ...(await Promise.all(reboots))].find((each) => each !== undefined);
  if (first !== undefined) throw first.error;
}

/** Makes a call that is given up `ms` after the restart began. */
type By = (ms: number, what: string, call: (options: CallOptions) => Promise<void>) => Promise<void>;

function deadlines(clock: Clock): By {
  const begun = clock.monotonic();
  return (ms, what, call) => {
    const late = new ReasonedError('DeadlineExceeded', `cannot ${what}: libvirt does not answer in time`, {
      hint: HANGS_HINT,
    });
    return byDeadline(clock, { at: begun + ms, late }, (signal) => call({ signal }));
  };
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
async function restore(
  { libvirt, by }: { readonly libvirt: Libvirt; readonly by: By },
  network: string,
  { rollback }: Restart,
  failure: Error,
): Promise<void> {
  if (rollback === undefined) throw failure;
  try {
    await by(RESTART_MS.restored, `bring network "${network}" back`, async (options) => {
      await libvirt.defineNetwork(rollback, options);
      await libvirt.startNetwork(network, options);
    });
  } catch (error) {
    const message = `${failure.message}; the definition from before does not start either: ${explainError(error)}`;
    throw new ReasonedError('RestartFailed', message, { cause: error });
  }
}
