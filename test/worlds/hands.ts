import { rawLibvirt, type World } from '../controllers/fakes.ts';
import { NETWORK } from './manifests.ts';
import type { Hand, NetworkHand } from './steps.ts';

/** What a person does by virsh. @throws VirshError where libvirt refuses it */
export function handle(world: World, hand: Hand, name: string): void {
  const raw = rawLibvirt(world);
  switch (hand) {
    case 'destroy':
      return raw.destroy(name);
    case 'undefine':
      return raw.undefine(name, { managedSave: true, snapshotsMetadata: true });
    case 'shutdown':
      return raw.powerOff(name);
    case 'start':
      return raw.start(name);
    case 'suspend':
      return raw.suspend(name);
    case 'resume':
      return raw.resume(name);
    case 'managedsave':
      return raw.managedSave(name);
    case 'snapshot':
      raw.snapshot(name, `s${world.calls.length}`, { diskOnly: false });
      return;
    case 'disk snapshot':
      for (const { file, backing } of raw.snapshot(name, `s${world.calls.length}`, { diskOnly: true })) {
        world.files.set(file, 'qcow2');
        world.chains.set(file, [file, ...chainOf(world, backing)]);
      }
      return;
    case 'edit':
      return edit(raw.xml(name, { inactive: true }), /(<vcpu[^>]*>)[0-9]+/, '$17', raw.define);
    case 'autostart':
      return raw.autostart(name, world.domains.get(name)?.autostart !== true);
    case 'link down':
      return raw.setLink(name, macOf(raw.xml(name, { inactive: false })), 'down');
  }
}

function chainOf({ chains }: World, file: string): readonly string[] {
  const known = chains.get(file);
  return known === undefined || known instanceof Error ? [file] : known;
}

function macOf(xml: string): string {
  return /<mac address="([^"]*)"/.exec(xml)?.[1] ?? '';
}

/** As `virsh edit`: the whole document goes back. */
function edit(xml: string, what: RegExp, to: string, define: (xml: string) => void): void {
  define(xml.replace(what, to));
}

/** The same of the network that all Nodes are in. */
export function handleNetwork(world: World, hand: NetworkHand): void {
  const raw = rawLibvirt(world);
  switch (hand) {
    case 'destroy':
      return raw.netDestroy(NETWORK);
    case 'undefine':
      return raw.netUndefine(NETWORK);
    case 'restart':
      raw.netDestroy(NETWORK);
      return raw.netStart(NETWORK);
    case 'edit':
      return edit(
        raw.netXml(NETWORK, { inactive: true }),
        /<domain name="[^"]*"/,
        '<domain name="hand.example"',
        raw.netDefine,
      );
    case 'autostart':
      return raw.netAutostart(NETWORK, world.networks.get(NETWORK)?.autostart !== true);
  }
}
