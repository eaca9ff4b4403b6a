import { blockLines, isOurs, type HostRecord } from './render.ts';

/** Files of the vmhost by what they are; undefined where there is none. */
export interface HostTexts {
  readonly hosts?: string | undefined;
  readonly inventory?: string | undefined;
  readonly sshConfig?: string | undefined;
  readonly knownHosts?: string | undefined;
}

type Named = Pick<HostRecord, 'node' | 'fqdn' | 'aliases' | 'address'>;

/** The records that our files were written from, by the names of their Nodes, as far as the files tell. */
export function readRecords(texts: HostTexts): ReadonlyMap<string, HostRecord> {
  const listed = readInventory(ourText(texts.inventory));
  const users = new Map(readSshConfig(ourText(texts.sshConfig)).map((each) => [each.node, each]));
  const keys = readKnownHosts(ourText(texts.knownHosts));
  // A hosts line tells the full name from an alias, which ssh_config does not: it comes last and wins.
  const named = new Map<string, Named>([...users, ...readHosts(texts.hosts ?? '')]);
  return new Map(
    [...named].map(([node, { fqdn, aliases, address }]) => {
      const { user = users.get(node)?.user ?? 'root', ...more } = listed.get(fqdn) ?? {};
      const hostKey = keys.get(node);
      return [node, { node, fqdn, aliases, address, user, ...more, ...(hostKey && { hostKey }) }];
    }),
  );
}

function ourText(text = ''): string {
  return isOurs(text) ? text : '';
}

/** `ADDRESS FQDN NODE ALIAS…`, or `ADDRESS NODE ALIAS…` where the network has no domain. */
function readHosts(text: string): Map<string, Named> {
  const records = blockLines(text).flatMap((line): Named[] => {
    const [address = '', fqdn = '', second] = line.trim().split(/\s+/);
    const [node, skipped] = second !== undefined && fqdn.startsWith(`${second}.`) ? [second, 3] : [fqdn, 2];
    return node === '' ? [] : [{ node, fqdn, address, aliases: line.trim().split(/\s+/).slice(skipped) }];
  });
  return new Map(records.map((record) => [record.node, record]));
}

/** Stanzas of `Host NODE FQDN ALIAS… ADDRESS`, `HostName ADDRESS`, `User USER`. */
function readSshConfig(text: string): (Named & { readonly user: string })[] {
  const stanzas = text.matchAll(/^Host (\S+)((?: \S+)*)\n {2}HostName (\S+)\n {2}User (\S+)$/gm);
  return [...stanzas].map(([, node = '', others = '', address = '', user = '']) => {
    const names = others.split(' ').filter((name) => name !== '' && name !== address);
    const fqdn = names.find((name) => name.startsWith(`${node}.`)) ?? node;
    return { node, fqdn, address, user, aliases: names.filter((name) => name !== fqdn) };
  });
}

function readKnownHosts(text: string): Map<string, string> {
  const lines = text.matchAll(/^([^#\s]\S*) (\S+ \S+)$/gm);
  return new Map([...lines].map(([, names = '', key = '']) => [names.split(/[#,]/, 1)[0] ?? '', key]));
}

/** Sections of `FQDN ansible_host=… ansible_user=…`, by full name. */
function readInventory(
  text: string,
): Map<string, { readonly role?: string; readonly user?: string; readonly unpinned?: true }> {
  const found = new Map<string, { role?: string; user?: string; unpinned?: true }>();
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\[(.*)\]$/.exec(line)?.[1] ?? section;
    const [, fqdn, user] = /^(\S+) ansible_host=\S+ ansible_user=(\S+)/.exec(line) ?? [];
    if (fqdn === undefined || user === undefined) continue;
    const role = section === 'ungrouped' ? {} : { role: section };
    const unpinned = line.includes('ansible_ssh_common_args=') ? { unpinned: true as const } : {};
    found.set(fqdn, { user, ...role, ...unpinned });
  }
  return found;
}
