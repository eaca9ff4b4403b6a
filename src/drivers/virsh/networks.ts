import type { NetworkListing } from './listing.ts';
import { parseNetworkInfo } from './listing.ts';
import type { WithXmlFile } from './temp-files.ts';
import { VirshError } from './errors.ts';
import { tolerate } from './tolerate.ts';
import type { Virsh } from './virsh.ts';

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
  networks(): Promise<NetworkListing[]>;
  /** Undefined when there is no such network. `inactive`: the persistent definition, else the live one. */
  networkXml(name: string, options: { inactive: boolean }): Promise<string | undefined>;
  /** Defines or redefines; a running network is not touched. */
  defineNetwork(xml: string): Promise<void>;
  startNetwork(name: string): Promise<void>;
  destroyNetwork(name: string): Promise<void>;
  undefineNetwork(name: string): Promise<void>;
  setNetworkAutostart(name: string, on: boolean): Promise<void>;
  updateNetwork(update: NetworkUpdate): Promise<void>;
}

const MISSING = { reasons: ['NotFound'] } as const;
/** libvirt's test driver keeps one definition only; it lives in virsh itself, which speaks English. */
const ONE_DEFINITION = /unsupported flags .* in function test/;

export function networkCalls(virsh: Virsh, withXml: WithXmlFile): NetworkCalls {
  async function isActive(name: string): Promise<boolean> {
    return parseNetworkInfo(await virsh.call(['net-info', '--network', name]))?.active === true;
  }
  return {
    networks: () => listNetworks(virsh),
    networkXml: (name, { inactive }) => dumpNetwork(virsh, name, inactive),
    defineNetwork: (xml) =>
      withXml(xml, async (path) => {
        await virsh.call(['net-define', '--file', path]);
      }),
    async startNetwork(name) {
      await tolerate(virsh.call(['net-start', '--network', name]), {
        unless: () => isActive(name),
      });
    },
    async destroyNetwork(name) {
      await tolerate(virsh.call(['net-destroy', '--network', name]), {
        ...MISSING,
        unless: async () => !(await isActive(name)),
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
      await withXml(update.xml, (path) => virsh.call(updateArguments(update, path)));
    },
  };
}

async function listNetworks(virsh: Virsh): Promise<NetworkListing[]> {
  const uuids = (await virsh.call(['net-list', '--all', '--uuid'])).split('\n').map((line) => line.trim());
  const infos = await Promise.all(
    uuids
      .filter((uuid) => uuid !== '')
      .map((uuid) => tolerate(virsh.call(['net-info', '--network', uuid]), MISSING)),
  );
  return infos
    .map((info) => (info === undefined ? undefined : parseNetworkInfo(info)))
    .filter((network) => network !== undefined)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
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
