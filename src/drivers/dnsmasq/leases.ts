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
