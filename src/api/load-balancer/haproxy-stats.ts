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
  const lines = text.split('\n');
  const header = lines.findIndex((line) => line.startsWith('# pxname,'));
  if (header === -1) return undefined;
  const columns = (lines[header] ?? '').slice(2).split(',');
  const rows = lines
    .slice(header + 1)
    .filter((line) => line.includes(','))
    .map((line) => rowOf(columns, line));
  const [version, uptime] = ['Version: ', 'Uptime_sec: '].map((key) =>
    lines.find((line) => line.startsWith(key))?.slice(key.length),
  );
  return {
    ...(version === undefined ? {} : { version }),
    ...(uptime !== undefined && isCount(uptime) ? { uptimeSeconds: Number(uptime) } : {}),
    sessions: rows
      .filter(({ svname }) => svname === 'FRONTEND')
      .reduce((sum, row) => sum + countOf(row['scur']), 0),
    servers: rows
      .filter(({ svname = '' }) => svname !== 'FRONTEND' && svname !== 'BACKEND')
      .map((row) => ({
        backend: row['pxname'] ?? '',
        server: row['svname'] ?? '',
        state: plain((row['status'] ?? 'Unknown').slice(0, STATE_LIMIT)),
        ...addressOf(row['addr']),
        sessions: countOf(row['scur']),
        sessionsTotal: countOf(row['stot']),
      })),
  };
}

/** Longer than any word of HAProxy's for a server. */
const STATE_LIMIT = 40;

/** Whoever rules the guest writes what it likes in place of a number. */
function isCount(text: string): boolean {
  return /^\d{1,10}$/.test(text.trim());
}

function countOf(text = ''): number {
  return isCount(text) ? Number(text) : 0;
}

/** @param text such as `192.168.111.10:6443` */
function addressOf(text = ''): { address?: string } {
  const address = text.replace(/:\d+$/, '');
  return address === '' ? {} : { address };
}

/** The last columns hold free text in quotes; the ones of interest come before. */
function rowOf(columns: readonly string[], line: string): Record<string, string> {
  const cells = line.split(',');
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
}
