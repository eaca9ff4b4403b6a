import { rawLibvirt, type World } from '../controllers/fakes.ts';
import type { RawLibvirt } from '../libvirt/driver.ts';
import { NETWORK } from './manifests.ts';
import type { Hand, NetworkHand } from './steps.ts';

/** What a person does by virsh. @throws VirshError where libvirt refuses it */
export function handle(world: World, hand: Hand, name: string): void {
  GUEST_HANDS[hand](rawLibvirt(world), name, world);
}

/** The same of the network that all Nodes are in. */
export function handleNetwork(world: World, hand: NetworkHand): void {
  ON_NETWORK[hand](rawLibvirt(world), world);
}

type OnGuest = (raw: RawLibvirt, name: string, world: World) => void;

const GUEST_HANDS: Readonly<Record<Hand, OnGuest>> = {
  destroy: (raw, name) => raw.destroy(name),
  undefine: (raw, name) => raw.undefine(name, { managedSave: true, snapshotsMetadata: true }),
  shutdown: (raw, name) => raw.powerOff(name),
  start: (raw, name) => raw.start(name),
  suspend: (raw, name) => raw.suspend(name),
  resume: (raw, name) => raw.resume(name),
  managedsave: (raw, name) => raw.managedSave(name),
  snapshot: (raw, name, { calls }) => void raw.snapshot(name, `s${calls.length}`, { diskOnly: false }),
  'disk snapshot': (raw, name, world) => {
    for (const { file, backing } of raw.snapshot(name, `s${world.calls.length}`, { diskOnly: true })) {
      world.files.set(file, 'qcow2');
      world.chains.set(file, [file, ...chainOf(world, backing)]);
    }
  },
  // As `virsh edit`: the whole document goes back.
  edit: (raw, name) => raw.define(raw.xml(name, { inactive: true }).replace(/(<vcpu[^>]*>)[0-9]+/, '$17')),
  autostart: (raw, name, { domains }) => raw.autostart(name, domains.get(name)?.autostart !== true),
  'link down': (raw, name) => raw.setLink(name, macOf(raw.xml(name, { inactive: false })), 'down'),
};

const ON_NETWORK: Readonly<Record<NetworkHand, (raw: RawLibvirt, world: World) => void>> = {
  destroy: (raw) => raw.netDestroy(NETWORK),
  undefine: (raw) => raw.netUndefine(NETWORK),
  restart(raw) {
    raw.netDestroy(NETWORK);
    raw.netStart(NETWORK);
  },
  edit(raw) {
    const xml = raw.netXml(NETWORK, { inactive: true });
    raw.netDefine(xml.replace(/<domain name="[^"]*"/, '<domain name="hand.example"'));
  },
  autostart: (raw, { networks }) => raw.netAutostart(NETWORK, networks.get(NETWORK)?.autostart !== true),
};

function chainOf({ chains }: World, file: string): readonly string[] {
  const known = chains.get(file);
  return known === undefined || known instanceof Error ? [file] : known;
}

function macOf(xml: string): string {
  return /<mac address="([^"]*)"/.exec(xml)?.[1] ?? '';
}
