import { parseDomain } from '../../api/libvirt/domain.ts';
import { parseNetwork, type NetworkDocument } from '../../api/libvirt/network.ts';
import { blockOf, formatCidr } from '../../api/ipam/ip.ts';
import { bridgeName, parkingBridge } from '../../api/ipam/names.ts';
import type { Neighbours, NetworkGuest, ObservedNetwork } from '../../api/network/observed.ts';
import type { Bridges } from '../../drivers/bridges.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { Firewall } from '../../drivers/firewall.ts';
import type { DomainListing, Libvirt, NetworkListing } from '../../drivers/libvirt.ts';
import type { Route } from '../../drivers/routes.ts';
import type { ObjectOf } from '../objects.ts';
import type { SharedRead } from '../shared-read.ts';

/** An interface of a running domain. */
export interface LiveInterface extends Omit<NetworkGuest, 'master'> {
  readonly network?: string;
  readonly bridge?: string;
}

export interface NetworkObserveDeps {
  readonly libvirt: Libvirt;
  readonly dnsmasq: Dnsmasq;
  readonly bridges: Bridges;
  readonly routes: () => Promise<readonly Route[]>;
  readonly firewall: SharedRead<Firewall | undefined>;
  /** The vmhost's /etc/resolv.conf. */
  readonly resolvConf: () => Promise<string | undefined>;
  readonly interfaces: SharedRead<readonly LiveInterface[]>;
}

/** Interfaces of all running domains: what a pass over the networks shares. */
export async function readInterfaces(
  libvirt: Libvirt,
  domains: SharedRead<readonly DomainListing[]>,
): Promise<LiveInterface[]> {
  const running = (await domains.get()).filter(({ state }) => state !== 'shutoff' && state !== 'crashed');
  const found = await Promise.all(running.map(({ name }) => libvirt.domainXml(name, { inactive: false })));
  return found.flatMap((xml, index): LiveInterface[] => {
    if (xml === undefined) return [];
    const { model } = parseDomain(xml);
    const domain = running[index]?.name ?? model.name;
    const ours = model.mark !== undefined;
    return model.interfaces.flatMap(({ target, network, bridge }) =>
      target === undefined ? [] : [{ domain, ours, tap: target, ...optional({ network, bridge }) }],
    );
  });
}

function optional(fields: { network?: string | undefined; bridge?: string | undefined }): {
  network?: string;
  bridge?: string;
} {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given);
}

/** What libvirt, dnsmasq and the kernel say of a network. Changes nothing. */
export async function observeNetwork(
  deps: NetworkObserveDeps,
  object: ObjectOf<'Network'>,
): Promise<Omit<ObservedNetwork, 'failedRestart'>> {
  const { libvirt, dnsmasq, bridges } = deps;
  const { name } = object.metadata;
  const networks = await libvirt.networks();
  const listing = networks.find((network) => network.name === name);
  const config = await readXml(deps, listing, true);
  const live = listing?.active === true ? await readXml(deps, listing, false) : undefined;
  const bridge = (live ?? config)?.model.bridge?.name ?? object.spec.bridge.name ?? bridgeName(name);
  const firewall = live === undefined ? undefined : await deps.firewall.get();
  const resolvConf = await deps.resolvConf();
  const parked = await bridges.parked(parkingBridge(name));
  return {
    active: listing?.active ?? false,
    autostart: listing?.autostart ?? false,
    hostFiles: await dnsmasq.readHostFiles(name),
    guests: await guestsOn(deps, name, bridge),
    ports: live === undefined ? [] : await bridges.ports(bridge),
    filtersFrames: await bridges.filtersFrames(),
    neighbours: await readNeighbours(deps, networks, object, bridge),
    ...(config === undefined ? {} : { config }),
    ...(live === undefined ? {} : { live }),
    ...(parked === undefined ? {} : { parked }),
    ...(firewall === undefined ? {} : { firewall }),
    ...(resolvConf === undefined ? {} : { resolvConf }),
  };
}

async function readXml(
  { libvirt }: NetworkObserveDeps,
  listing: NetworkListing | undefined,
  inactive: boolean,
): Promise<NetworkDocument | undefined> {
  const xml = listing === undefined ? undefined : await libvirt.networkXml(listing.name, { inactive });
  return xml === undefined ? undefined : parseNetwork(xml);
}

async function guestsOn(deps: NetworkObserveDeps, network: string, bridge: string): Promise<NetworkGuest[]> {
  const all = await deps.interfaces.get();
  const here = all.filter(
    (nic) => nic.network === network || (nic.network === undefined && nic.bridge === bridge),
  );
  return Promise.all(
    here.map(async ({ domain, ours, tap }) => {
      const master = await deps.bridges.masterOf(tap);
      return { domain, ours, tap, ...(master === undefined ? {} : { master }) };
    }),
  );
}

async function readNeighbours(
  deps: NetworkObserveDeps,
  networks: readonly NetworkListing[],
  object: ObjectOf<'Network'>,
  bridge: string,
): Promise<Neighbours> {
  const others = networks.filter(({ name }) => name !== object.metadata.name);
  const found = await Promise.all(others.map((listing) => readXml(deps, listing, !listing.active)));
  return {
    networks: found.flatMap((document) => {
      const { name = '', bridge: other, ip } = document?.model ?? {};
      const block = ip && blockOf(ip);
      return [
        {
          name,
          ...(other?.name === undefined ? {} : { bridge: other.name }),
          ...(block === undefined ? {} : { cidr: formatCidr(block) }),
        },
      ];
    }),
    routes: await deps.routes(),
    bridgeNameTaken: await deps.bridges.exists(object.spec.bridge.name ?? bridge),
  };
}
