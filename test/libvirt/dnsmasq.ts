import { attribute, elements, first, textOf, type XmlElement } from '../../src/api/xml.ts';
import type { HostFiles } from '../../src/drivers/dnsmasq.ts';
import { hostsOf, ips, isV4, number4, rangesOf, text4 } from './addresses.ts';
import { parse, type LibvirtState } from './state.ts';

/** One address and what answers to it. */
export interface Named {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

interface Reservation {
  readonly mac: string;
  readonly ip: string;
  readonly name?: string;
}

/** What libvirt gave a running dnsmasq, and what it has read since (libvirt-facts T23). */
interface Running {
  /** It looks into the two directories at all: the network was started with their options. */
  readonly reads: boolean;
  /** The directories were there at its start, so that inotify tells it of changes. */
  readonly hears: boolean;
  /** From `dhcp-hostsdir`; a line that was taken out stays until SIGHUP. */
  reservations: Map<string, Reservation>;
  names: readonly Named[];
  etcHosts: string;
  /** What its directories held when all was read. */
  files: HostFiles | undefined;
  index?: Index;
}

/** What answers, and what it was made from. */
interface Index extends Pick<Running, 'names' | 'etcHosts'> {
  readonly root: XmlElement;
  readonly addresses: ReadonlyMap<string, ReadonlySet<string>>;
  readonly first: ReadonlyMap<string, string>;
}

export interface DnsmasqWorld {
  readonly libvirt: LibvirtState;
  /** The two files of each network. */
  readonly hostFiles: ReadonlyMap<string, HostFiles>;
  readonly etcHosts: () => string;
}

/** The dnsmasq of each active network. */
export interface FakeDnsmasqs {
  /** As libvirt tells it: started with the network, SIGHUP after an update, gone. */
  told(network: string, what: 'start' | 'reload' | 'end'): void;
  /** Files in its directories changed; whether it notices is its own affair. */
  changed(network: string): void;
  /** SIGHUP. False when none runs. */
  reload(network: string): boolean;
  /** It crashes; libvirt does not notice. */
  kill(network: string): void;
  runs(network: string): boolean;
  /** A file changed since it was read last. */
  unread(network: string): boolean;
  /** Addresses that a name has. */
  addresses(network: string, name: string): string[];
  /** The name that an address has: the first one read, of /etc/hosts, then libvirt's file, then the directory. */
  nameOf(network: string, address: string): string | undefined;
  /** The address it has reserved for a MAC address; undefined: one out of its range. */
  reservation(network: string, mac: string): string | undefined;
  /** The address that it would lease to a MAC address. */
  offer(network: string, mac: string, taken: ReadonlySet<string>): string | undefined;
}

export function createDnsmasqs(world: DnsmasqWorld): FakeDnsmasqs {
  const running = new Map<string, Running>();
  const live = (network: string): XmlElement | undefined => {
    const text = world.libvirt.networks.get(network)?.live;
    return text === undefined ? undefined : parse(text);
  };
  const files = (network: string): HostFiles =>
    world.hostFiles.get(network) ?? { reservations: [], names: [] };

  /** A network that a test put there has one too, as if it had been started. */
  function find(network: string): Running | undefined {
    if (!running.has(network) && live(network) !== undefined) start(network);
    return running.get(network);
  }
  function start(network: string): void {
    const root = live(network);
    if (root === undefined || !serves(root)) return;
    const reads = optionsOf(root).some((option) => option.startsWith('hostsdir='));
    running.set(network, { reads, hears: world.hostFiles.has(network), ...readAll(network, reads) });
  }
  function readAll(network: string, reads: boolean): Omit<Running, 'reads' | 'hears'> {
    const { reservations, names } = reads ? files(network) : { reservations: [], names: [] };
    return {
      reservations: new Map(reservations.map((each) => [each.mac, each])),
      names,
      etcHosts: world.etcHosts(),
      files: world.hostFiles.get(network),
    };
  }
  function reload(network: string): boolean {
    const found = find(network);
    if (found === undefined) return false;
    Object.assign(found, readAll(network, found.reads));
    return true;
  }
  function reservation(network: string, mac: string): string | undefined {
    const found = find(network);
    const root = live(network);
    if (found === undefined || root === undefined) return undefined;
    const { byMac, byIp } = reservationsIn(root);
    const read = found.reservations.get(mac);
    // An address that libvirt's own file has for another machine is refused: "duplicate dhcp-host IP address".
    const refused = read !== undefined && (byIp.get(read.ip) ?? mac) !== mac;
    return read !== undefined && !refused ? read.ip : byMac.get(mac);
  }
  function named(network: string): Index | undefined {
    const found = find(network);
    const root = live(network);
    if (found === undefined || found === DEAD || root === undefined) return undefined;
    const { index } = found;
    if (index?.root === root && index.names === found.names && index.etcHosts === found.etcHosts)
      return index;
    return (found.index = indexNames(root, found));
  }
  return {
    told(network, what) {
      if (what === 'end') running.delete(network);
      else if (what === 'start') start(network);
      else reload(network);
    },
    changed(network) {
      const found = running.get(network);
      if (found?.reads !== true || !found.hears) return;
      const { reservations, names } = files(network);
      for (const each of reservations) found.reservations.set(each.mac, each);
      found.names = names;
    },
    reload,
    kill: (network) => void running.set(network, DEAD),
    runs: (network) => find(network) !== undefined && find(network) !== DEAD,
    unread(network) {
      const found = find(network);
      if (found === undefined || found === DEAD) return false;
      return found.etcHosts !== world.etcHosts() || found.files !== world.hostFiles.get(network);
    },
    addresses: (network, name) => [...(named(network)?.addresses.get(name) ?? [])],
    nameOf: (network, address) => named(network)?.first.get(address),
    reservation,
    offer(network, mac, taken) {
      const root = live(network);
      const reserved = reservation(network, mac);
      if (reserved !== undefined || root === undefined || find(network) === DEAD) return reserved;
      const held = new Set([...taken, ...reservationsIn(root).byIp.keys()]);
      for (const { ip } of find(network)?.reservations.values() ?? []) held.add(ip);
      return firstFree(root, held);
    },
  };
}

/** libvirt starts it with --expand-hosts: a bare name is one in the network's domain too. */
function expanded(name: string, domain: string | undefined): string[] {
  return domain === undefined || name.includes('.') ? [name] : [`${name}.${domain}`, name];
}

const DEAD: Running = {
  reads: false,
  hears: false,
  reservations: new Map(),
  names: [],
  etcHosts: '',
  files: undefined,
};

/** libvirt starts a dnsmasq for whatever has an address. */
function serves(root: XmlElement): boolean {
  return ips(root).length > 0;
}

function optionsOf(root: XmlElement): string[] {
  return elements(first(root, 'dnsmasq:options')).map((option) => attribute(option, 'value') ?? '');
}

interface Reserved {
  readonly byMac: ReadonlyMap<string, string>;
  readonly byIp: ReadonlyMap<string, string>;
}

const reserved = new WeakMap<XmlElement, Reserved>();

function reservationsIn(root: XmlElement): Reserved {
  const known = reserved.get(root);
  if (known !== undefined) return known;
  const pairs = ips(root)
    .filter(isV4)
    .flatMap(hostsOf)
    .map(({ attributes: { mac = '', ip = '' } }) => [mac.toLowerCase(), ip] as const);
  const found = { byMac: new Map(pairs), byIp: new Map(pairs.map(([mac, ip]) => [ip, mac])) };
  reserved.set(root, found);
  return found;
}

function indexNames(root: XmlElement, { names, etcHosts }: Running): Index {
  const domain = attribute(first(root, 'domain'), 'name');
  const addresses = new Map<string, Set<string>>();
  const firsts = new Map<string, string>();
  for (const { ip, hostnames } of [...parseHosts(etcHosts), ...namesIn(root), ...names])
    for (const name of hostnames.flatMap((each) => expanded(each, domain))) {
      addresses.set(name, (addresses.get(name) ?? new Set()).add(ip));
      if (!firsts.has(ip)) firsts.set(ip, name);
    }
  return { root, names, etcHosts, addresses, first: firsts };
}

function namesIn(root: XmlElement): Named[] {
  return elements(first(root, 'dns'), 'host').map((host) => ({
    ip: attribute(host, 'ip') ?? '',
    hostnames: elements(host, 'hostname').map((name) => textOf(name) ?? ''),
  }));
}

/** dnsmasq answers from the vmhost's /etc/hosts too (F20). */
function parseHosts(text: string): Named[] {
  return text.split('\n').flatMap((line) => {
    const [ip = '', ...hostnames] = line.replace(/#.*/, '').trim().split(/\s+/);
    return ip === '' || ip.startsWith('127.') || ip.includes(':') ? [] : [{ ip, hostnames }];
  });
}

function firstFree(root: XmlElement, held: ReadonlySet<string>): string | undefined {
  for (const range of ips(root).filter(isV4).flatMap(rangesOf)) {
    const [from, to] = [number4(attribute(range, 'start') ?? ''), number4(attribute(range, 'end') ?? '')];
    for (let value = from; value <= to; value += 1) if (!held.has(text4(value))) return text4(value);
  }
  return undefined;
}
