import { explainError } from '../../api/errors.ts';
import { formatSubnet, interfaceOf } from '../../api/ipam/subnet.ts';
import { bridgeName, parkingBridge } from '../../api/ipam/names.ts';
import type { Neighbours, NetworkGuest, ObservedNetwork } from '../../api/network/observed.ts';
import type { Bridges } from '../../drivers/bridges.ts';
import type { Dnsmasq } from '../../drivers/dnsmasq.ts';
import type { Firewall } from '../../drivers/firewall.ts';
import type { LibvirtView } from '../../drivers/libvirt.ts';
import type { Route } from '../../drivers/routes.ts';
import type { Clock } from '../../engine/clock.ts';
import type { ObjectOf } from '../objects.ts';
import type { SharedRead } from '../shared-read.ts';
import { observeOverlay, type OverlayDeps } from './overlay.ts';

export interface NetworkObserveDeps extends OverlayDeps {
  readonly view: LibvirtView;
  readonly dnsmasq: Dnsmasq;
  readonly clock: Clock;
  readonly bridges: Bridges;
  readonly routes: () => Promise<readonly Route[]>;
  readonly firewall: SharedRead<Firewall | undefined>;
  /** The vmhost's /etc/resolv.conf. */
  readonly resolvConf: () => Promise<string | undefined>;
}

/** What libvirt, dnsmasq and the kernel say of a network. Changes nothing. */
export async function observeNetwork(
  deps: NetworkObserveDeps,
  object: ObjectOf<'Network'>,
): Promise<Omit<ObservedNetwork, 'failedRestart'>> {
  const { view, dnsmasq, bridges } = deps;
  const { name } = object.metadata;
  const {
    active = false,
    persistent = false,
    autostart = false,
    config,
    live,
  } = (await view.network(name)) ?? {};
  const bridge = (live ?? config)?.model.bridge?.name ?? object.spec.bridge.name ?? bridgeName(name);
  const firewall = live === undefined ? undefined : await deps.firewall.get();
  const resolvConf = await deps.resolvConf();
  const parked = await bridges.parked(parkingBridge(name));
  const overlay = await observeOverlay(deps, object);
  const running = live === undefined ? {} : await observeRunning(deps, name, bridge);
  return {
    active,
    persistent,
    autostart,
    hostFiles: await dnsmasq.readHostFiles(name),
    guests: await guestsOn(deps, name, bridge),
    ports: live === undefined ? [] : await bridges.ports(bridge),
    filtersFrames: await bridges.filtersFrames(),
    neighbours: await readNeighbours(deps, object, bridge),
    ...running,
    ...(config === undefined ? {} : { config }),
    ...(live === undefined ? {} : { live }),
    ...(parked === undefined ? {} : { parked }),
    ...(firewall === undefined ? {} : { firewall }),
    ...(resolvConf === undefined ? {} : { resolvConf }),
    ...overlay,
  };
}

async function observeRunning(
  { dnsmasq, clock }: NetworkObserveDeps,
  name: string,
  bridge: string,
): Promise<Required<Pick<ObservedNetwork, 'dnsmasq' | 'leases'>>> {
  const now = clock.now() / 1000;
  const leases = await dnsmasq.leases(bridge);
  return {
    dnsmasq: await dnsmasq.observe(name),
    leases: leases.filter(({ expiry }) => expiry === 0 || expiry > now),
  };
}

async function guestsOn(deps: NetworkObserveDeps, network: string, bridge: string): Promise<NetworkGuest[]> {
  const { interfacesOn } = await deps.view.survey();
  const here = interfacesOn({ network, bridges: [bridge] });
  return Promise.all(
    here.map(async ({ domain, ours, tap, mac, ownMtu }) => {
      const [master, mtu] = [await deps.bridges.masterOf(tap), await deps.bridges.mtuOf(tap)];
      return {
        ...{ domain, ours, tap, mac },
        ...(master === undefined ? {} : { master }),
        ...(mtu === undefined || ownMtu === true ? {} : { mtu }),
      };
    }),
  );
}

async function readNeighbours(
  deps: NetworkObserveDeps,
  object: ObjectOf<'Network'>,
  bridge: string,
): Promise<Neighbours> {
  const { networks, unreadable } = await deps.view.surveyNetworks();
  const uplink = object.spec.forward.dev;
  const isOther = ({ name }: { readonly name: string }): boolean => name !== object.metadata.name;
  return {
    networks: networks.filter(isOther).map(({ name, config, live }) => {
      const { bridge: other, ip } = (live ?? config).model;
      const block = ip && interfaceOf(ip);
      return {
        name,
        ...(other?.name === undefined ? {} : { bridge: other.name }),
        ...(block === undefined ? {} : { cidr: formatSubnet(block.subnet) }),
      };
    }),
    unreadable: unreadable.filter(isOther).map(({ name, error }) => ({ name, why: explainError(error) })),
    routes: await deps.routes(),
    ...(uplink === undefined || (await deps.bridges.exists(uplink)) ? {} : { uplinkMissing: true }),
    bridgeNameTaken: await deps.bridges.exists(object.spec.bridge.name ?? bridge),
  };
}
