/** One reachable guest as the vmhost's own files name it. */
export interface HostRecord {
  readonly node: string;
  readonly fqdn: string;
  readonly aliases: readonly string[];
  readonly address: string;
  readonly role?: string;
  readonly user: string;
  /** `ssh-ed25519 AAAA…`; undefined while it is not known. */
  readonly hostKey?: string;
  /** Its users know its key themselves, or ask: k8slab does not. */
  readonly unpinned?: true;
  /** The vmhost that it is on, through which it is reached; undefined: this one. */
  readonly jump?: JumpHost;
}

export interface JumpHost {
  readonly address: string;
  readonly hostKey?: string;
}

const BEGIN = '# BEGIN k8slab: this block is written by k8slabd, changes in it are lost';
const END = '# END k8slab';
const WRITTEN_BY = '# Written by k8slabd, changes are lost.';

/** Whether k8slab wrote this file whole, so that it may write it again. */
export function isOurs(content: string): boolean {
  return content.startsWith(WRITTEN_BY);
}

/**
 * /etc/hosts with our block replaced, appended, or taken out when there is no record; every other byte stays.
 * A begin without an end of its own counts as a block of one line, so that no line of others is ever taken out.
 */
export function renderHosts(current: string, records: readonly HostRecord[]): string {
  const block = records.length === 0 ? [] : [BEGIN, ...records.map(hostsLine), END];
  const { lines, at } = withoutBlocks(current.split('\n'));
  if (at !== undefined) return lines.toSpliced(at, 0, ...block).join('\n');
  if (block.length === 0) return current;
  const separator = current === '' || current.endsWith('\n') ? '' : '\n';
  return `${current}${separator}${block.join('\n')}\n`;
}

/** The lines of others, and where among them our first block stood. */
function withoutBlocks(lines: readonly string[]): { lines: string[]; at: number | undefined } {
  const kept: string[] = [];
  let at: number | undefined;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    if (isMarker(line, BEGIN)) {
      at ??= kept.length;
      index = endOfBlock(lines, index);
    } else kept.push(line);
  }
  return { lines: kept, at };
}

/** The lines within our blocks. */
export function blockLines(current: string): string[] {
  const lines = current.split('\n');
  return lines.flatMap((line, begin) =>
    isMarker(line, BEGIN) ? lines.slice(begin + 1, endOfBlock(lines, begin)) : [],
  );
}

function endOfBlock(lines: readonly string[], begin: number): number {
  const next = lines.findIndex(
    (line, index) => index > begin && (isMarker(line, END) || isMarker(line, BEGIN)),
  );
  return isMarker(lines[next] ?? '', END) ? next : begin;
}

/** Editors may give a file other line ends. */
function isMarker(line: string, marker: string): boolean {
  return line.trimEnd() === marker;
}

function hostsLine(record: HostRecord): string {
  const names = [record.fqdn, record.node, ...record.aliases];
  return `${record.address} ${[...new Set(names)].join(' ')}`;
}

/** INI inventory for Ansible, one group per role, in the order of role and name. */
export function renderInventory(records: readonly HostRecord[], knownHosts: string): string {
  const roles = [...new Set(records.map(({ role }) => role ?? 'ungrouped'))].sort();
  const sections = roles.map((role) => {
    const members = records.filter((record) => (record.role ?? 'ungrouped') === role);
    return [`[${role}]`, ...members.map((record) => inventoryLine(record, knownHosts)), ''].join('\n');
  });
  const all = ['[all:vars]', `ansible_ssh_common_args='${trusting(knownHosts)}'`, ''].join('\n');
  return [WRITTEN_BY, ...sections, all].join('\n');
}

function inventoryLine(record: HostRecord, knownHosts: string): string {
  const ownTrust = record.unpinned === true ? ` ansible_ssh_common_args=''` : jumping(record, knownHosts);
  return `${record.fqdn} ansible_host=${record.address} ansible_user=${record.user}${ownTrust}`;
}

function jumping({ jump }: HostRecord, knownHosts: string): string {
  if (jump === undefined) return '';
  return ` ansible_ssh_common_args='${trusting(knownHosts)} -o ProxyJump=${jump.address}'`;
}

function trusting(knownHosts: string): string {
  return `-o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes`;
}

/** known_hosts with every name and address of each guest whose key is known. */
export function renderKnownHosts(records: readonly HostRecord[]): string {
  const lines = records.flatMap((record) => {
    if (record.hostKey === undefined) return [];
    const names = [record.node, record.fqdn, ...record.aliases, record.address];
    return [`${[...new Set(names)].join(',')} ${record.hostKey}`];
  });
  const jumps = jumpsOf(records).flatMap(({ address, hostKey }) =>
    hostKey === undefined ? [] : `${address} ${hostKey}`,
  );
  return [WRITTEN_BY, ...lines, ...jumps, ''].join('\n');
}

/** Each vmhost that guests are reached through, once. */
function jumpsOf(records: readonly HostRecord[]): readonly JumpHost[] {
  return [
    ...new Map(records.flatMap(({ jump }) => (jump === undefined ? [] : [[jump.address, jump]]))).values(),
  ];
}

/** ssh_config for /etc/ssh/ssh_config.d: root logs in with the daemon's key, others with their own. */
export function renderSshConfig(
  records: readonly HostRecord[],
  files: { knownHosts: string; identity: string },
): string {
  const hosts = records.map((record) => {
    const names = [...new Set([record.node, record.fqdn, ...record.aliases, record.address])].join(' ');
    const lines = [`Host ${names}`, `  HostName ${record.address}`, `  User ${record.user}`];
    return [...lines, ...(record.jump === undefined ? [] : [`  ProxyJump ${record.jump.address}`])].join(
      '\n',
    );
  });
  const pinned = records.filter(({ unpinned }) => unpinned !== true);
  const jumps = jumpsOf(records).map(({ address }) => address);
  const all = [...new Set([...pinned.flatMap((r) => [r.node, r.fqdn, ...r.aliases, r.address]), ...jumps])];
  const shared =
    all.length === 0
      ? []
      : [
          `Host ${all.join(' ')}`,
          `  UserKnownHostsFile ${files.knownHosts}`,
          '  StrictHostKeyChecking yes',
          `Match localuser root host ${all.join(',')}`,
          `  IdentityFile ${files.identity}`,
        ];
  return [WRITTEN_BY, ...hosts, ...shared, ''].join('\n');
}
