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
    ...(uptime === undefined ? {} : { uptimeSeconds: Number(uptime) }),
    sessions: rows
      .filter(({ svname }) => svname === 'FRONTEND')
      .reduce((sum, row) => sum + Number(row['scur'] ?? 0), 0),
    servers: rows
      .filter(({ svname = '' }) => svname !== 'FRONTEND' && svname !== 'BACKEND')
      .map((row) => ({
        backend: row['pxname'] ?? '',
        server: row['svname'] ?? '',
        state: row['status'] ?? 'Unknown',
        ...addressOf(row['addr']),
        sessions: Number(row['scur'] ?? 0),
        sessionsTotal: Number(row['stot'] ?? 0),
      })),
  };
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
