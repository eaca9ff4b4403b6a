import type { RawLibvirt } from './driver.ts';
import { refuse } from './state.ts';

/** One command of virsh; `xml` is the content of the file that `XML` among its words stands for. */
export interface VirshCommand {
  readonly words: readonly string[];
  readonly xml?: string;
}

/** Runs a virsh command on a libvirt in memory. @returns what it prints @throws VirshError */
export function runVirsh(raw: RawLibvirt, { words, xml = '' }: VirshCommand): string {
  const [op = '', ...rest] = words;
  const flags = new Set(rest.filter((word) => word.startsWith('--')));
  const [name = '', ...more] = rest.filter((word) => !word.startsWith('--'));
  const run = COMMANDS[op] ?? refuse(op, `unknown command: '${op}'`);
  const printed = run(raw, { name, more, flags, xml });
  return typeof printed === 'string' ? printed : '';
}

interface Words {
  readonly name: string;
  readonly more: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly xml: string;
}

const COMMANDS: Readonly<Record<string, (raw: RawLibvirt, words: Words) => unknown>> = {
  'net-define': (raw, { xml }) => raw.netDefine(xml),
  'net-create': (raw, { xml }) => raw.netCreate(xml),
  'net-start': (raw, { name }) => raw.netStart(name),
  'net-destroy': (raw, { name }) => raw.netDestroy(name),
  'net-undefine': (raw, { name }) => raw.netUndefine(name),
  'net-autostart': (raw, { name, flags }) => raw.netAutostart(name, !flags.has('--disable')),
  'net-dumpxml': (raw, { name, flags }) => raw.netXml(name, { inactive: flags.has('--inactive') }),
  'net-info': (raw, { name }) => networkInfo(raw, name),
  'net-update': (raw, words) => updateNetwork(raw, words),
  define: (raw, { xml }) => raw.define(xml),
  start: (raw, { name }) => raw.start(name),
  destroy: (raw, { name }) => raw.destroy(name),
  undefine: (raw, { name, flags }) =>
    raw.undefine(name, {
      managedSave: flags.has('--managed-save'),
      snapshotsMetadata: flags.has('--snapshots-metadata'),
    }),
  suspend: (raw, { name }) => raw.suspend(name),
  resume: (raw, { name }) => raw.resume(name),
  managedsave: (raw, { name }) => raw.managedSave(name),
  'managedsave-remove': (raw, { name }) => raw.managedSaveRemove(name),
  'snapshot-create-as': (raw, { name, more: [snapshot = ''], flags }) =>
    void raw.snapshot(name, snapshot, { diskOnly: flags.has('--disk-only') }),
  autostart: (raw, { name, flags }) => raw.autostart(name, !flags.has('--disable')),
  'domif-setlink': (raw, { name, more: [mac = '', link = ''] }) =>
    raw.setLink(name, mac, link === 'down' ? 'down' : 'up'),
  dumpxml: (raw, { name, flags }) =>
    raw.xml(name, { inactive: flags.has('--inactive'), security: flags.has('--security-info') }),
  dominfo: (raw, { name }) => domainInfo(raw, name),
};

function updateNetwork(raw: RawLibvirt, { name, more, flags, xml }: Words): void {
  const [command = '', section = '', , parentIndex] = more;
  raw.netUpdate({
    network: name,
    command: command as 'add',
    section,
    xml,
    live: flags.has('--live'),
    config: flags.has('--config'),
    ...(parentIndex === undefined ? {} : { parentIndex: Number(parentIndex) }),
  });
}

function networkInfo(raw: RawLibvirt, name: string): string {
  raw.netXml(name, { inactive: false });
  const found = raw.nets().find((network) => network.name === name);
  const yes = (on: boolean | undefined): string => (on === true ? 'yes' : 'no');
  return [
    `Active: ${yes(found?.active)}`,
    `Persistent: ${yes(found?.persistent)}`,
    `Autostart: ${yes(found?.autostart)}`,
  ].join('\n');
}

function domainInfo(raw: RawLibvirt, name: string): string {
  raw.xml(name, { inactive: true });
  const found = raw.doms().find((domain) => domain.name === name);
  const persistent = `Persistent: ${found?.transient === true ? 'no' : 'yes'}`;
  const state = found?.state === 'shutoff' ? 'shut off' : (found?.state ?? '');
  const saved = `Managed save: ${raw.isSaved(name) ? 'yes' : 'no'}`;
  return [`State: ${state}`, persistent, saved].join('\n');
}
