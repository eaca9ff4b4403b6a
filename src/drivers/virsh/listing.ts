/** A domain's state, as virDomainState names it. */
export type DomainState =
  'running' | 'shutoff' | 'paused' | 'crashed' | 'inshutdown' | 'pmsuspended' | 'unknown';

/** One line of the list of domains; `reason` is libvirt's number, whose meaning depends on the state. */
export interface DomainListing {
  name: string;
  uuid: string;
  state: DomainState;
  reason?: number;
  /** It is forgotten when it stops: it is not defined, or no longer. */
  transient?: true;
  /** libvirt starts it with the vmhost. */
  autostart?: true;
}

export interface NetworkListing {
  name: string;
  uuid: string;
  active: boolean;
  autostart: boolean;
  persistent: boolean;
}

/** The job of a domain, such as a backup; `operation` in lower case. */
export interface DomainJob {
  state: 'none' | 'running' | 'completed' | 'failed' | 'cancelled';
  operation?: string;
  /** 0 to 1, where libvirt tells. */
  progress?: number;
  error?: string;
}

interface DomainStats {
  state?: number;
  reason?: number;
}

const UUID_LENGTH = 36;

/** By virDomainState's number; 2 is "blocked", which a guest is while it waits for I/O. */
const DOMAIN_STATES: readonly DomainState[] = [
  'unknown',
  'running',
  'running',
  'paused',
  'inshutdown',
  'shutoff',
  'crashed',
  'pmsuspended',
];

/** By virDomainJobType's number: none, bounded, unbounded, completed, failed, cancelled. */
const JOB_STATES: readonly DomainJob['state'][] = [
  'none',
  'running',
  'running',
  'completed',
  'failed',
  'cancelled',
];

/** The part of virDomainJobOperation's numbers that k8slab starts or meets. */
const JOB_OPERATIONS: Readonly<Record<string, string>> = {
  2: 'save',
  3: 'restore',
  6: 'snapshot',
  9: 'backup',
};

/**
 * Domains from `list --all --uuid --name` and `domstats --state`, sorted by name. A domain without statistics (it came
 * or went between the two) is `unknown`, since the list is what tells which ones there are.
 * @param flags outputs of `list --all --uuid` with `--transient` and `--autostart`
 */
export function parseDomains(
  list: string,
  stats: string,
  flags: { readonly transient?: string; readonly autostart?: string } = {},
): DomainListing[] {
  const byName = parseStats(stats);
  const transient = linesIn(flags.transient);
  const autostart = linesIn(flags.autostart);
  return list
    .split('\n')
    .filter((line) => line.length > UUID_LENGTH)
    .map((line) => {
      const name = unpad(line.slice(UUID_LENGTH + 1), byName);
      const { state, reason } = byName.get(name) ?? {};
      const uuid = line.slice(0, UUID_LENGTH);
      return {
        name,
        uuid,
        state: DOMAIN_STATES[state ?? 0] ?? 'unknown',
        ...(reason === undefined ? {} : { reason }),
        ...(transient.has(uuid) ? { transient: true as const } : {}),
        ...(autostart.has(uuid) ? { autostart: true as const } : {}),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** By the words of `dominfo` in English. */
const STATE_WORDS: Readonly<Record<string, DomainState>> = {
  running: 'running',
  idle: 'running',
  paused: 'paused',
  'in shutdown': 'inshutdown',
  'shut off': 'shutoff',
  crashed: 'crashed',
  pmsuspended: 'pmsuspended',
};

/** One domain from `dominfo`, without the reason of its state; undefined when that is not what the text is. */
export function parseDomainInfo(info: string): DomainListing | undefined {
  const fields = parseFields(info, /^([A-Za-z ]+): +(\S.*)?$/);
  const [name, uuid] = [fields.get('Name'), fields.get('UUID')];
  if (name === undefined || uuid === undefined) return undefined;
  return {
    name,
    uuid,
    state: STATE_WORDS[fields.get('State') ?? ''] ?? 'unknown',
    ...(fields.get('Persistent') === 'no' ? { transient: true as const } : {}),
    ...(fields.get('Autostart') === 'enable' ? { autostart: true as const } : {}),
  };
}

/** The UUIDs, or names, that `list` or `net-list` prints one a line. */
export function linesIn(text = ''): Set<string> {
  const lines = text.split('\n').map((line) => line.trim());
  return new Set(lines.filter((line) => line !== ''));
}

/** libvirt's names are names of files. */
const NAME_LIMIT = 255;

/** Names may end in spaces, and some virsh versions pad them; the statistics quote them. */
function unpad(padded: string, known: ReadonlyMap<string, unknown>): string {
  const trimmed = padded.trimEnd();
  for (let end = Math.min(padded.length, NAME_LIMIT); end > trimmed.length; end -= 1) {
    if (known.has(padded.slice(0, end))) return padded.slice(0, end);
  }
  return trimmed;
}

function parseStats(stats: string): Map<string, DomainStats> {
  const byName = new Map<string, DomainStats>();
  let current: DomainStats = {};
  for (const line of stats.split('\n')) {
    const name = /^Domain: '(.*)'$/.exec(line)?.[1];
    if (name !== undefined) byName.set(name, (current = {}));
    const [, key, value] = /^ {2}state\.(state|reason)=(\d+)$/.exec(line) ?? [];
    if (key === 'state' || key === 'reason') current[key] = Number(value);
  }
  return byName;
}

/** One network from `net-info`; undefined when that is not what the text is. */
export function parseNetworkInfo(info: string): NetworkListing | undefined {
  const fields = parseFields(info, /^([A-Za-z]+): +(\S.*)?$/);
  const [name, uuid] = [fields.get('Name'), fields.get('UUID')];
  if (name === undefined || uuid === undefined) return undefined;
  return {
    name,
    uuid,
    active: fields.get('Active') === 'yes',
    autostart: fields.get('Autostart') === 'yes',
    persistent: fields.get('Persistent') === 'yes',
  };
}

/** The daemon's version from `version --daemon`, such as "9.0.0"; the client's where there is no daemon. */
export function parseVersion(text: string): string {
  const [, version = ''] =
    /^Running against daemon: (\S+)/m.exec(text) ?? /^Using library: libvirt (\S+)/m.exec(text) ?? [];
  return version;
}

/** A job from `domjobinfo --rawstats`. */
export function parseJob(text: string): DomainJob {
  const fields = parseFields(text, /^([A-Za-z_. ]+): *(\S.*)?$/);
  const state = JOB_STATES[Number(fields.get('Job type') ?? 0)] ?? 'none';
  if (state === 'none') return { state };
  const operation = fields.get('operation');
  const error = fields.get('errmsg');
  const progress = Number(fields.get('disk_processed')) / Number(fields.get('disk_total'));
  return {
    state,
    ...(operation === undefined ? {} : { operation: JOB_OPERATIONS[operation] ?? operation }),
    ...(Number.isFinite(progress) ? { progress } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

function parseFields(text: string, line: RegExp): Map<string, string> {
  const entries = text.split('\n').flatMap((row): [string, string][] => {
    const [, key, value] = line.exec(row) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value]];
  });
  return new Map(entries);
}
