import { isDeepStrictEqual } from 'node:util';
import { contentHash } from '../canonical.ts';
import { withMark } from '../ownership/mark.ts';
import type { NetworkModel } from '../libvirt/network.ts';
import { parkingBridge } from '../ipam/names.ts';
import type { DesiredNetwork } from './render.ts';
import { renderXml } from '../xml.ts';
import { fieldChange, step, type FieldChange } from '../disruption/step.ts';
import type { Waiting } from '../disruption/waiting.ts';
import type { NetworkAction, TapAttachment } from './actions.ts';
import { NET_UPDATE_SECONDS, NETWORK_RESTART_SECONDS } from './costs.ts';
import { hostDirOptions, type HostDirs } from './host-dirs.ts';
import { guestNames, type ObservedNetwork } from './observed.ts';

/** What libvirt writes into the live XML where the definition gives no ports. */
const ALL_PORTS = '1024-65535';
/** Fields libvirt cannot change on a running network, as the manifest names them. */
const RESTART_FIELDS: Readonly<Record<string, (model: NetworkModel) => unknown>> = {
  domain: ({ domain }) => domain?.name,
  'dns.localOnly': ({ domain }) => domain?.localOnly,
  cidr: ({ ip }) => ip,
  'bridge.name': ({ bridge }) => bridge?.name,
  'bridge.stp': ({ bridge }) => bridge?.stp,
  'bridge.delaySeconds': ({ bridge }) => bridge?.delay,
  'bridge.mac': ({ mac }) => mac,
  'forward.mode': ({ forward }) => forward?.mode,
  'forward.dev': ({ forward }) => forward?.dev,
  'forward.natPorts': ({ forward }) => (forward?.mode === 'nat' ? (forward.ports ?? ALL_PORTS) : undefined),
  mtu: ({ mtu }) => mtu,
  dns: ({ dns }) => dns.enabled,
  'dns.forwarders': ({ dns }) => dns.forwarders.toSorted(),
  'dns.dnsmasqOptions': ({ options }) => options.toSorted(),
  dhcp: ({ ranges }) => ranges,
};

/** The running network against its definition as it shall be. */
export function restartFields(wanted: NetworkModel, live: NetworkModel, dirs: HostDirs): string[] {
  const [a, b] = [withoutHostDirs(wanted, dirs), withoutHostDirs(live, dirs)];
  return Object.entries(RESTART_FIELDS)
    .filter(([, field]) => !isDeepStrictEqual(field(a), field(b)))
    .map(([name]) => name);
}

/** Old and new values of the fields above, as a plan shows them. */
export function changedValues(before: NetworkModel, after: NetworkModel, dirs: HostDirs): FieldChange[] {
  const [a, b] = [withoutHostDirs(before, dirs), withoutHostDirs(after, dirs)];
  return Object.entries(RESTART_FIELDS).flatMap(([name, field]) =>
    fieldChange(name, valueText(field(a)), valueText(field(b))),
  );
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(' and ');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return value === undefined ? '' : JSON.stringify(value);
  const { address, prefix, netmask, start, end, lease } = value as Readonly<
    Record<string, string | undefined>
  >;
  if (start === undefined) return `${address ?? ''}/${prefix ?? netmask ?? ''}`;
  return `${start}-${end ?? ''}${lease === undefined ? '' : ` for ${lease} s`}`;
}

/** The directories of ours are wanted, but no reason for a restart of their own. */
function withoutHostDirs(model: NetworkModel, dirs: HostDirs): NetworkModel {
  const ours = new Set(hostDirOptions(dirs));
  return { ...model, options: model.options.filter((option) => !ours.has(option)) };
}

export interface RestartInput {
  readonly desired: DesiredNetwork;
  readonly observed: ObservedNetwork;
  readonly wanted: NetworkModel;
  /** What libvirt cannot change on the running network. */
  readonly outdated: readonly string[];
  /** What would be done instead of a restart. */
  readonly updates: readonly NetworkAction[];
}

/** A restart where nothing gentler does the same, or where it costs less than the updates that are due together. */
export function planRestart(input: RestartInput): { action?: NetworkAction; waiting?: Waiting } {
  const { desired, observed, wanted, outdated, updates } = input;
  const gaps = updates.filter(({ disruption }) => disruption === 'uplink').length;
  const shorter = gaps * NET_UPDATE_SECONDS > NETWORK_RESTART_SECONDS;
  if (outdated.length === 0 && !shorter) return {};
  const signature = signatureOf(withoutHostDirs(wanted, desired.hostDirs));
  if (observed.failedRestart?.signature === signature) {
    return { waiting: { reason: 'RestartFailed', message: observed.failedRestart.message } };
  }
  if (desired.spec.policy.restart === 'Never') {
    return outdated.length === 0 ? {} : { waiting: restartRequired(outdated, observed) };
  }
  const reason =
    outdated.length === 0
      ? `one restart is shorter than ${gaps} updates of reservations`
      : `takes effect when the network restarts: ${outdated.join(', ')}`;
  const changes =
    observed.live === undefined ? [] : changedValues(observed.live.model, wanted, desired.hostDirs);
  return { action: restartAction(desired, observed, { signature, reason, changes }) };
}

/** Identifies what a restart shall bring: another Node leaves it as it is. */
function signatureOf(wanted: NetworkModel): string {
  return contentHash(Object.values(RESTART_FIELDS).map((field) => field(wanted) ?? null));
}

function restartRequired(fields: readonly string[], observed: ObservedNetwork): Waiting {
  const guests = guestNames(observed);
  const felt = guests.length === 0 ? 'no guest is running on it' : `running on it: ${guests.join(', ')}`;
  const message = `takes effect when the network restarts, which policy.restart Never forbids: ${fields.join(', ')}; ${felt}`;
  return { reason: 'RestartRequired', message };
}

function restartAction(
  desired: DesiredNetwork,
  observed: ObservedNetwork,
  { signature, reason, changes }: { signature: string; reason: string; changes: readonly FieldChange[] },
): NetworkAction {
  const { config, live, ports } = observed;
  const guests = guestNames(observed);
  const reboot =
    desired.spec.policy.restart === 'RestartGuests'
      ? guestNames({ ...observed, guests: observed.guests.filter(({ ours }) => ours) })
      : [];
  const mark = config?.model.mark;
  const before = live?.model.bridge?.name ?? desired.bridge;
  const rollback = live && renderXml(mark === undefined ? live.root : withMark(live.root, mark));
  const attachment = attachmentOf(
    desired,
    ports.filter((port) => port !== `${before}-nic`),
  );
  const cost = {
    ...(guests.length === 0 ? {} : { seconds: NETWORK_RESTART_SECONDS, guests }),
    ...(changes.length === 0 ? {} : { changes }),
  };
  const felt = guests.length === 0 ? 'none' : 'uplink';
  return step(
    reboot.length > 0 ? 'restart' : felt,
    reason,
    {
      type: 'RestartNetwork' as const,
      attachment,
      signature,
      reboot,
      before,
      ...(rollback === undefined ? {} : { rollback }),
    },
    cost,
  );
}

function attachmentOf({ name, bridge, spec }: DesiredNetwork, ports: readonly string[]): TapAttachment {
  return {
    bridge,
    ports,
    stp: spec.bridge.stp,
    parking: parkingBridge(name),
    ...(spec.mtu === undefined ? {} : { mtu: spec.mtu }),
  };
}

/** Of a bridge and its ports where nobody says otherwise. */
const DEFAULT_MTU = 1500;

/** Taps that have another MTU than their network: frames that guests think fit would be lost. */
export function planMtu({ guests, ports }: ObservedNetwork, live: NetworkModel): NetworkAction[] {
  const own = new Set(guests.map(({ tap }) => tap));
  // Where no MTU is said, a foreign port with a smaller one makes the bridge, and every tap that comes, as small.
  if (live.mtu === undefined && ports.some((port) => !own.has(port))) return [];
  const mtu = Number(live.mtu ?? DEFAULT_MTU);
  const other = guests.filter((guest) => guest.mtu !== undefined && guest.mtu !== mtu);
  if (other.length === 0) return [];
  const taps = other.map(({ tap }) => tap).sort();
  const reason = `the MTU is not ${mtu}: ${[...new Set(other.map(({ domain }) => domain))].sort().join(', ')}`;
  return [step('none', reason, { type: 'SetMtu', mtu, ports: taps })];
}

/** Taps that a restart, ours or somebody's, left without a bridge: those guests are cut off (libvirt-facts T5). */
export function planAttach(desired: DesiredNetwork, observed: ObservedNetwork): NetworkAction[] {
  const { parked, guests, live } = observed;
  const waiting = new Set(parked);
  const loose = guests.filter(({ tap, master }) => master === undefined || waiting.has(tap));
  const ports = [...new Set([...loose.map(({ tap }) => tap), ...(parked ?? [])])].sort();
  if (ports.length === 0 && parked === undefined) return [];
  const names = [...new Set(loose.map(({ domain }) => domain))].sort();
  const cutOff = names.length === 0 ? ports.join(', ') || 'nothing' : names.join(', ');
  // The one that there is: another name comes with a restart.
  const bridge = live?.model.bridge?.name ?? desired.bridge;
  return [
    step('none', `not plugged into ${bridge}: ${cutOff}`, {
      type: 'AttachTaps' as const,
      attachment: { ...attachmentOf(desired, ports), bridge },
    }),
  ];
}
