import { explainError, reasonOf } from '../../api/errors.ts';
import { CLOUD_INIT_QUERY, parseCloudInit } from '../../api/node/cloud-init-result.ts';
import type { NodeProbes } from '../../api/node/status.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { DnsProbe } from '../../drivers/resolver.ts';
import type { Ssh } from '../../drivers/ssh.ts';
import type { Probed } from '../../api/node/probe-due.ts';
import type { ProbePool, ProbeQuestion } from './probe-pool.ts';
import type { Clock } from '../../engine/clock.ts';
import type { LiveEntry } from '../../api/ipam/entry.ts';

export interface ProbeDeps {
  readonly dnsmasq: Dnsmasq;
  readonly resolver: DnsProbe;
  readonly ssh: Ssh;
  readonly clock: Clock;
  readonly probes: ProbePool;
}

export interface ProbeTarget {
  readonly entry: LiveEntry;
  /** Where its newest lease says it is. */
  readonly leased?: string;
  /** It was asked to leave that address: it is no longer looked for there. */
  readonly leaving: boolean;
  readonly gateway: string;
  readonly user: string;
  /** Undefined: a guest of others whose key nobody pinned; nothing is asked by ssh then. */
  readonly hostKey?: string;
  /** Seconds since its start; undefined when it has been running for long. */
  readonly bootingSeconds?: number;
  /** Another one after each start of the guest. */
  readonly run: string;
}

const SSH_DEADLINE_MS = 8000;
const TOUCH_DEADLINE_MS = 2000;
/** A guest that has not asked for a lease by then may have a static address: ssh shows it. */
const TRY_WITHOUT_LEASE_SECONDS = 60;

/** A pass waits so long for the first answer of a guest; longer where what it does depends on it. */
const [PATIENCE_MS, AWAY_PATIENCE_MS] = [2000, 30_000];

/** What a running guest shows to the outside: its lease, its names, ssh with the key it was given, cloud-init. */
export async function probeNode(
  deps: ProbeDeps,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<NodeProbes> {
  const { entry, leased } = target;
  const probed = await deps.probes.ask(entry.node, questionOf(deps, target), signal);
  return {
    address: entry.ip,
    fqdn: entry.hostnames[0] ?? entry.node,
    reserved: { defined: entry.defined ?? true, live: entry.live },
    ...(leased === undefined ? {} : { leasedAddress: leased }),
    ...probed,
  };
}

function questionOf(deps: ProbeDeps, target: ProbeTarget): ProbeQuestion {
  const { entry, leased, leaving, gateway, user, hostKey, run } = target;
  const where = [entry.ip, entry.hostnames, entry.live, entry.defined, gateway, leased, leaving];
  const away = leaving || (leased !== undefined && leased !== entry.ip);
  return {
    about: JSON.stringify([where, user, hostKey, run, isPatient(target)]),
    wanted: { fqdn: entry.hostnames[0] ?? entry.node, address: entry.ip },
    patienceMs: away ? AWAY_PATIENCE_MS : PATIENCE_MS,
    probe: (signal) => probeOnce(deps, target, signal),
    touch: (signal) => deps.ssh.answers({ address: entry.ip }, { deadlineMs: TOUCH_DEADLINE_MS, signal }),
  };
}

function isPatient({ entry, leased, bootingSeconds }: ProbeTarget): boolean {
  return leased !== entry.ip && bootingSeconds !== undefined && bootingSeconds < TRY_WITHOUT_LEASE_SECONDS;
}

async function probeOnce(deps: ProbeDeps, target: ProbeTarget, signal: AbortSignal): Promise<Probed> {
  const [dns, guest] = await Promise.all([probeDns(deps, target), probeGuest(deps, target, signal)]);
  return { ...dns, ...guest };
}

async function probeGuest(
  deps: ProbeDeps,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<Pick<NodeProbes, 'ssh' | 'cloudInit' | 'reachedAt'>> {
  const { entry, leased, leaving } = target;
  if (isPatient(target)) return {};
  if (leased === undefined || leased === entry.ip || leaving) return probeSsh(deps, target, signal);
  const found = new AbortController();
  const home = probeSsh(deps, target, AbortSignal.any([signal, found.signal]));
  home.catch(() => undefined);
  if (await answersAt(deps, target, leased, signal)) {
    found.abort();
    const message = `the guest answers at ${leased}`;
    return { ssh: { ok: false, reason: 'OtherAddress', message }, reachedAt: leased };
  }
  // It may have moved since; a lease says nothing of that.
  return home;
}

async function answersAt(
  deps: ProbeDeps,
  { user, hostKey }: ProbeTarget,
  address: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (hostKey === undefined) return false;
  const target = { address, user, hostKeys: [hostKey] };
  try {
    return (await deps.ssh.exec(target, ['true'], { deadlineMs: SSH_DEADLINE_MS, signal })).code === 0;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function probeDns(
  deps: ProbeDeps,
  target: ProbeTarget,
): Promise<Pick<NodeProbes, 'dns' | 'dnsFailure'>> {
  const { entry, gateway } = target;
  try {
    const [addresses, names] = await Promise.all([
      deps.resolver.addresses(gateway, entry.hostnames[0] ?? entry.node),
      deps.resolver.names(gateway, entry.ip),
    ]);
    return { dns: { addresses, names } };
  } catch (error) {
    return { dnsFailure: { reason: reasonOf(error, 'DnsUnreachable'), message: explainError(error) } };
  }
}

async function probeSsh(
  deps: ProbeDeps,
  target: ProbeTarget,
  signal: AbortSignal,
): Promise<Pick<NodeProbes, 'ssh' | 'cloudInit'>> {
  const { entry, user, hostKey } = target;
  if (hostKey === undefined) return {};
  try {
    const options = { deadlineMs: SSH_DEADLINE_MS, signal };
    const answer = await deps.ssh.exec(
      { address: entry.ip, user, hostKeys: [hostKey] },
      CLOUD_INIT_QUERY,
      options,
    );
    return {
      ssh: { ok: true, reason: 'Reachable', message: `${user}@${entry.ip}` },
      cloudInit: parseCloudInit(answer),
    };
  } catch (error) {
    signal.throwIfAborted();
    return { ssh: { ok: false, reason: reasonOf(error, 'Unreachable'), message: explainError(error) } };
  }
}
