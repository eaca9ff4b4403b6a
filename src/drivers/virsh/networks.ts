import type { NetworkListing } from './listing.ts';
import { parseNetworkInfo, linesIn } from './listing.ts';
import { nameIn } from './temp-files.ts';
import type { WithXmlFile } from './temp-files.ts';
import { VirshError } from './errors.ts';
import { tolerate } from './tolerate.ts';
import type { CallOptions, Virsh } from './virsh.ts';

/** One change of a running (`live`) or defined (`config`) network; `section` as in `virsh net-update`. */
export interface NetworkUpdate {
  network: string;
  command: 'add' | 'add-first' | 'modify' | 'delete';
  section: string;
  /** One element, such as `<host mac=… ip=…/>`. */
  xml: string;
  live: boolean;
  config: boolean;
  /** Which `<ip>` or `<dns>` element, counted from 0; left out: libvirt chooses. */
  parentIndex?: number;
}

/** The calls about networks; see Libvirt. */
export interface NetworkCalls {
  /** Sorted by name: five calls for any number of them, and one for each when another one came or went. */
  networks(): Promise<NetworkListing[]>;
  /** Undefined when there is no such network. `inactive`: the persistent definition, else the live one. */
  networkXml(name: string, options: { inactive: boolean }): Promise<string | undefined>;
  /** Defines or redefines; a running network is not touched. */
  defineNetwork(xml: string, options?: CallOptions): Promise<void>;
  startNetwork(name: string, options?: CallOptions): Promise<void>;
  destroyNetwork(name: string, options?: CallOptions): Promise<void>;
  undefineNetwork(name: string): Promise<void>;
  setNetworkAutostart(name: string, on: boolean): Promise<void>;
  updateNetwork(update: NetworkUpdate): Promise<void>;
}

const MISSING = { reasons: ['NotFound'] } as const;
/** libvirt's test driver keeps one definition only; it lives in virsh itself, which speaks English. */
const ONE_DEFINITION = /unsupported flags .* in function test/;

export function networkCalls(virsh: Virsh, withXml: WithXmlFile): NetworkCalls {
  async function isActive(name: string, options?: CallOptions): Promise<boolean> {
    return parseNetworkInfo(await virsh.call(['net-info', '--network', name], options))?.active === true;
  }
  let names: ReadonlyMap<string, string> = new Map();
  return {
    async networks() {
      const { listings, known } = await listNetworks(virsh, names);
      names = known;
      return listings;
    },
    networkXml: (name, { inactive }) => dumpNetwork(virsh, name, inactive),
    defineNetwork: (xml, options) =>
      withXml(xml, async (path) => {
        await virsh.call(['net-define', '--file', path], { ...options, about: nameIn(xml) });
      }),
    async startNetwork(name, options) {
      await tolerate(virsh.call(['net-start', '--network', name], options), {
        unless: () => isActive(name, options),
      });
    },
    async destroyNetwork(name, options) {
      await tolerate(virsh.call(['net-destroy', '--network', name], options), {
        ...MISSING,
        unless: async () => !(await isActive(name, options)),
      });
    },
    async undefineNetwork(name) {
      await tolerate(virsh.call(['net-undefine', '--network', name]), MISSING);
    },
    async setNetworkAutostart(name, on) {
      await virsh.call(['net-autostart', '--network', name, ...(on ? [] : ['--disable'])]);
    },
    async updateNetwork(update) {
      // Without a flag virsh would change only what runs, to be lost at the next start.
      if (!update.live && !update.config) return;
      await withXml(update.xml, (path) => virsh.call(updateArguments(update, path), { about: update.xml }));
    },
  };
}

/** @param known names by UUID from the list before, which hold while the list of names is the same */
async function listNetworks(
  virsh: Virsh,
  known: ReadonlyMap<string, string>,
): Promise<{ listings: NetworkListing[]; known: ReadonlyMap<string, string> }> {
  async function list(...options: string[]): Promise<Set<string>> {
    return linesIn(await virsh.call(['net-list', ...options]));
  }
  const all = await list('--all', '--uuid');
  const names = await list('--all', '--name');
  const active = await list('--uuid');
  const autostart = await list('--all', '--autostart', '--uuid');
  const persistent = await list('--all', '--persistent', '--uuid');
  const unchanged = sameSet(names, new Set([...known.values()].map((name) => name.trim())));
  const found = unchanged && sameSet(all, known) ? known : await readNames(virsh, all);
  const listings = [...found].map(([uuid, name]) => ({
    name,
    uuid,
    active: active.has(uuid),
    autostart: autostart.has(uuid),
    persistent: persistent.has(uuid),
  }));
  return { listings: listings.sort((a, b) => (a.name < b.name ? -1 : 1)), known: found };
}

function sameSet(left: ReadonlySet<string>, right: { size: number; has(key: string): boolean }): boolean {
  return left.size === right.size && [...left].every((each) => right.has(each));
}

async function readNames(virsh: Virsh, uuids: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = await Promise.all([...uuids].map(async (uuid) => [uuid, await nameOf(virsh, uuid)] as const));
  return new Map(found.filter((each): each is readonly [string, string] => each[1] !== undefined));
}

async function nameOf(virsh: Virsh, uuid: string): Promise<string | undefined> {
  const info = await tolerate(virsh.call(['net-info', '--network', uuid]), MISSING);
  return info === undefined ? undefined : parseNetworkInfo(info)?.name;
}

async function dumpNetwork(virsh: Virsh, name: string, inactive: boolean): Promise<string | undefined> {
  const argv = ['net-dumpxml', '--network', name];
  try {
    return await tolerate(virsh.call(inactive ? [...argv, '--inactive'] : argv), MISSING);
  } catch (error) {
    const refused = error instanceof VirshError && ONE_DEFINITION.test(error.stderr);
    if (inactive && refused) return dumpNetwork(virsh, name, false);
    throw error;
  }
}

function updateArguments(update: NetworkUpdate, path: string): string[] {
  const { network, command, section, live, config, parentIndex } = update;
  return [
    'net-update',
    ...['--network', network, '--command', command, '--section', section, '--xml', path],
    ...(parentIndex === undefined ? [] : ['--parent-index', String(parentIndex)]),
    ...(live ? ['--live'] : []),
    ...(config ? ['--config'] : []),
  ];
}
