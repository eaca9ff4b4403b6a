/** A lease as libvirt's lease helper records it: MAC in lower case. */
export interface Lease {
  mac: string;
  ip: string;
  hostname?: string;
  clientId?: string;
  /** Seconds since the epoch. */
  expiry: number;
}

/** The leases of a BRIDGE.status file, in its order; undefined when it is not whole. */
export function parseLeases(text: string): Lease[] | undefined {
  if (text.trim() === '') return [];
  try {
    const entries: unknown = JSON.parse(text);
    return Array.isArray(entries) ? entries.flatMap(parseLease) : undefined;
  } catch {
    return undefined;
  }
}

function parseLease(entry: unknown): Lease[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const fields = new Map<string, unknown>(Object.entries(entry));
  const [mac, ip] = [textOf(fields, 'mac-address'), textOf(fields, 'ip-address')];
  if (mac === undefined || ip === undefined) return [];
  const [hostname, clientId] = [textOf(fields, 'hostname'), textOf(fields, 'client-id')];
  return [
    {
      mac: mac.toLowerCase(),
      ip,
      expiry: Number(fields.get('expiry-time') ?? 0),
      ...(hostname === undefined ? {} : { hostname }),
      ...(clientId === undefined ? {} : { clientId }),
    },
  ];
}

function textOf(fields: ReadonlyMap<string, unknown>, key: string): string | undefined {
  const value = fields.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** All leases on a bridge, found by MAC and IP address without a search. */
export interface LeaseTable {
  readonly all: readonly Lease[];
  /** @param mac in lower case */
  readonly ofMac: (mac: string) => readonly Lease[];
  readonly ofIp: (ip: string) => readonly Lease[];
}

export function createLeaseTable(all: readonly Lease[]): LeaseTable {
  const byMac = Map.groupBy(all, ({ mac }) => mac);
  const byIp = Map.groupBy(all, ({ ip }) => ip);
  return { all, ofMac: (mac) => byMac.get(mac) ?? [], ofIp: (ip) => byIp.get(ip) ?? [] };
}

/**
 * MAC addresses that have other leases now. That a lease was renewed in time is no change: a thousand guests do so all
 * the time.
 * @param now seconds since the epoch
 */
export function changedMacs(before: LeaseTable, after: LeaseTable, now: number): string[] {
  const macs = new Set([...before.all, ...after.all].map(({ mac }) => mac));
  return [...macs].filter((mac) => shown(before.ofMac(mac), now) !== shown(after.ofMac(mac), now));
}

function shown(leases: readonly Lease[], now: number): string {
  return JSON.stringify(
    leases.map(({ ip, hostname, clientId, expiry }) => [
      ip,
      hostname,
      clientId,
      expiry === 0 || expiry > now,
    ]),
  );
}
