import { plain } from '../plain.ts';

/** What HAProxy says of itself on its stats socket. */
export interface HaproxyStats {
  readonly version?: string;
  readonly uptimeSeconds?: number;
  /** Connections to all frontends now. */
  readonly sessions: number;
  readonly servers: readonly ServerStats[];
}

export interface ServerStats {
  readonly backend: string;
  readonly server: string;
  readonly state: string;
  /** Undefined: HAProxy is too old to tell. */
  readonly address?: string;
  readonly sessions: number;
  readonly sessionsTotal: number;
}

/** Servers, found without a search. */
export interface ServerIndex {
  readonly named: (backend: string, server: string) => ServerStats | undefined;
  /** The first that has the guest's name, whatever domain follows. */
  readonly ofNode: (backend: string, node: string) => ServerStats | undefined;
}

export function indexServers(servers: readonly ServerStats[]): ServerIndex {
  const [byName, byNode] = [new Map<string, ServerStats>(), new Map<string, ServerStats>()];
  for (const each of servers.toReversed()) {
    const { backend, server } = each;
    byName.set(keyOf(backend, server), each);
    // Names of Nodes have no dot.
    byNode.set(keyOf(backend, server.split('.')[0] ?? ''), each);
  }
  return {
    named: (backend, server) => byName.get(keyOf(backend, server)),
    ofNode: (backend, node) => byNode.get(keyOf(backend, node)),
  };
}

/** HAProxy takes no spaces in either name. */
function keyOf(backend: string, server: string): string {
  return `${backend} ${server}`;
}

/** @param text the answers to `show info` and `show stat`; undefined when it has not answered both */
export function parseHaproxyStats(text: string): HaproxyStats | undefined {
  const lines = text.split('\n', MAX_LINES);
  const header = lines.findIndex((line) => line.startsWith('# pxname,'));
  if (header === -1) return undefined;
  const rowOf = rowReader(lines[header] ?? '');
  const rows = lines
    .slice(header + 1)
    .filter((line) => line.includes(','))
    .map(rowOf);
  const [version, uptime] = ['Version: ', 'Uptime_sec: '].map((key) =>
    lines.find((line) => line.startsWith(key))?.slice(key.length),
  );
  const uptimeSeconds = readCount(uptime);
  return {
    ...(version === undefined ? {} : { version }),
    ...(uptimeSeconds === undefined ? {} : { uptimeSeconds }),
    sessions: rows
      .filter(({ svname }) => svname === 'FRONTEND')
      .reduce((sum, { scur }) => sum + (readCount(scur) ?? 0), 0),
    servers: rows
      .filter(({ svname }) => svname !== 'FRONTEND' && svname !== 'BACKEND')
      .map(({ pxname = '', svname = '', status, addr, scur, stot }) => ({
        backend: pxname,
        server: svname,
        state: plain((status ?? 'Unknown').slice(0, STATE_LIMIT)),
        ...addressOf(addr),
        sessions: readCount(scur) ?? 0,
        sessionsTotal: readCount(stot) ?? 0,
      })),
  };
}

/** Longer than any word of HAProxy's for a server. */
const STATE_LIMIT = 40;

/** @param text such as `192.168.111.10:6443` */
function addressOf(text = ''): { address?: string } {
  const address = text.replace(/:\d+$/, '');
  return address === '' ? {} : { address };
}

/** Whoever rules the guest writes what it likes in place of a number; 300 years of uptime are a date still. */
function readCount(text = ''): number | undefined {
  return /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined;
}

/** More than come in one answer of a HAProxy, whose rows are long; a guest may send what it likes. */
const MAX_LINES = 10_000;
const COLUMNS = ['pxname', 'svname', 'scur', 'stot', 'status', 'addr'] as const;
type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

/** The last columns hold free text in quotes; the ones of interest come before. */
function rowReader(header: string): (line: string) => Row {
  const names = header.slice(2).split(',');
  const places = COLUMNS.map((column) => [column, names.indexOf(column)] as const);
  return (line) => {
    const cells = line.split(',');
    return Object.fromEntries(places.map(([column, at]) => [column, cells[at]]));
  };
}
