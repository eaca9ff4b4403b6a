import { dnsAgrees } from './agreement.ts';
import type { NodeProbes } from './probes.ts';

/** What only the guest, or its network's DNS, can tell. */
export type Probed = Pick<NodeProbes, 'dns' | 'dnsFailure' | 'ssh' | 'cloudInit' | 'reachedAt'>;

/** `touch`: whether it still takes connections, which is no login; `full`: DNS, a login, and what cloud-init came to. */
export type ProbeNeed = 'none' | 'touch' | 'full';

export interface ProbeCadence {
  /** Of a guest that lacks nothing: from one sign of life to the next, and from one full probe to the next (ms). */
  readonly touchMs: number;
  readonly fullMs: number;
  /** Of one that lacks something: from one full probe to the next (ms). */
  readonly retryMs: number;
}

export const PROBE_CADENCE: ProbeCadence = { touchMs: 55_000, fullMs: 30 * 60_000, retryMs: 900 };

/** What DNS shall say, both ways. */
export interface WantedName {
  readonly fqdn: string;
  readonly address: string;
}

/** The last result for the same question, and how long ago it was found (ms). */
export interface LastProbe {
  readonly result: Probed;
  readonly wanted: WantedName;
  readonly fullAgeMs: number;
  /** Since the last sign of life. */
  readonly seenAgeMs: number;
}

/** A login each minute to each of a thousand guests that are well would be most of what the daemon does. */
export function probeNeed(last: LastProbe | undefined, cadence = PROBE_CADENCE): ProbeNeed {
  if (last === undefined) return 'full';
  if (!isSettled(last.result, last.wanted)) return last.fullAgeMs >= cadence.retryMs ? 'full' : 'none';
  if (last.fullAgeMs >= cadence.fullMs) return 'full';
  return last.seenAgeMs >= cadence.touchMs ? 'touch' : 'none';
}

/** Nothing more is awaited of it. */
export function isSettled({ dns, ssh, cloudInit }: Probed, wanted: WantedName): boolean {
  const { forward, reverse } = dnsAgrees(dns, wanted);
  return forward && reverse && ssh?.ok === true && cloudInit?.done === true;
}
