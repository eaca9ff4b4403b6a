import type { Fdb, VxlanDevice } from '../../api/network/overlay-observed.ts';

interface Link {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly master?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: { readonly id?: number; readonly port?: number; readonly local?: string };
    readonly info_slave_data?: {
      readonly learning?: boolean;
      readonly flood?: boolean;
      readonly locked?: boolean;
    };
  };
}

/** @param text of `ip -json -details link show` */
export function parseDevices(text: string): Map<string, VxlanDevice> {
  return new Map((list(text) as readonly Link[]).map((link) => [link.ifname, toDevice(link)]));
}

function toDevice({ ifname, ifalias, mtu, flags, master, linkinfo = {} }: Link): VxlanDevice {
  const { info_kind: kind = '', info_data: data = {}, info_slave_data: port } = linkinfo;
  return {
    name: ifname,
    kind,
    mtu,
    up: flags.includes('UP'),
    sealed: port?.learning === false && port.flood === false && port.locked === true,
    ...(ifalias === undefined ? {} : { alias: ifalias }),
    ...(master === undefined ? {} : { master }),
    ...(kind === 'vxlan' ? { vni: data.id ?? 0, port: data.port ?? 0, local: data.local ?? '' } : {}),
  };
}

interface FdbEntry {
  readonly mac: string;
  readonly ifname?: string;
  readonly dst?: string;
  readonly master?: string;
  readonly state?: string;
  readonly flags?: readonly string[];
}

const ALL = '00:00:00:00:00:00';

/** @param text of `bridge -json fdb show` */
export function parseFdb(text: string): Map<string, Fdb> {
  const found = new Map<string, { flood: Set<string>; far: Map<string, string>; behind: Set<string> }>();
  for (const { mac, ifname = '', dst, master, state } of list(text) as readonly FdbEntry[]) {
    const fdb = found.get(ifname) ?? { flood: new Set(), far: new Map(), behind: new Set() };
    found.set(ifname, fdb);
    if (dst !== undefined) {
      if (mac === ALL) fdb.flood.add(dst);
      else fdb.far.set(mac, dst);
    } else if (master !== undefined && state === 'static') fdb.behind.add(mac);
  }
  return found;
}

type Ruleset = readonly {
  readonly chain?: { readonly table: string; readonly name: string };
  readonly rule?: { readonly table: string; readonly chain: string };
  readonly table?: { readonly name: string };
}[];

/** @param text of `nft --json list ruleset netdev`. @returns for each table, how many rules each of its chains has */
export function parseChains(text: string): Map<string, Map<string, number>> {
  const found = new Map<string, Map<string, number>>();
  const chainsOf = (table: string): Map<string, number> => {
    const chains = found.get(table) ?? new Map<string, number>();
    found.set(table, chains);
    return chains;
  };
  const { nftables = [] } = JSON.parse(text) as { nftables?: Ruleset };
  for (const { table, chain, rule } of nftables) {
    if (table !== undefined) chainsOf(table.name);
    if (chain !== undefined) chainsOf(chain.table).set(chain.name, 0);
    if (rule !== undefined) {
      const chains = chainsOf(rule.table);
      chains.set(rule.chain, (chains.get(rule.chain) ?? 0) + 1);
    }
  }
  return found;
}

/** Where there is nothing, older programs print nothing. */
function list(text: string): readonly unknown[] {
  return text.trim() === '' ? [] : (JSON.parse(text) as unknown[]);
}
