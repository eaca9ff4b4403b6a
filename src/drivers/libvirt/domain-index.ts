import type { DomainModel } from '../../api/libvirt/domain.ts';
import { createMultiIndex } from './multi-index.ts';
import type { DomainRecord, DomainSurvey, LiveInterface, MacHolder, Segment } from './view.ts';

/** The lookups of a survey, kept in step record by record. */
export interface DomainIndex extends Pick<
  DomainSurvey,
  'macHolders' | 'diskHolders' | 'interfacesOn' | 'usersOf'
> {
  readonly put: (record: DomainRecord) => void;
  readonly remove: (name: string) => void;
  readonly records: () => readonly DomainRecord[];
}

export function createDomainIndex(): DomainIndex {
  const records = new Map<string, DomainRecord>();
  const macs = createMultiIndex<MacHolder>();
  const disks = createMultiIndex<string>();
  const interfaces = createMultiIndex<LiveInterface>();
  const users = createMultiIndex<string>();
  let sorted: readonly DomainRecord[] | undefined;
  return {
    put(record) {
      const { name } = record;
      records.set(name, record);
      sorted = undefined;
      macs.put(name, macEntries(record));
      disks.put(name, diskEntries(record));
      interfaces.put(name, interfaceEntries(record));
      users.put(name, userEntries(record));
    },
    remove(name) {
      records.delete(name);
      sorted = undefined;
      for (const index of [macs, disks, interfaces, users]) index.remove(name);
    },
    records: () => (sorted ??= [...records.values()].sort((a, b) => (a.name < b.name ? -1 : 1))),
    macHolders: (mac) => macs.get(mac),
    diskHolders: (file) => disks.get(file),
    interfacesOn: (segment) => keysOf(segment).flatMap((key) => interfaces.get(key)),
    usersOf: (segment) => [...new Set(keysOf(segment).flatMap((key) => users.get(key)))].sort(),
  };
}

function keysOf({ network, bridges }: Segment): string[] {
  const named = network === undefined ? [] : [networkKey(network)];
  return [...named, ...new Set(bridges.map(bridgeKey))];
}

function networkKey(name: string): string {
  return `network ${name}`;
}

function bridgeKey(name: string): string {
  return `bridge ${name}`;
}

function macEntries({ name, config, live }: DomainRecord): [string, MacHolder][] {
  const sides = [
    ['config', config.model],
    ['live', live],
  ] as const;
  return sides.flatMap(([side, model]) =>
    (model?.interfaces ?? []).map(({ mac }): [string, MacHolder] => [mac, { domain: name, mac, side }]),
  );
}

function diskEntries({ name, config, live }: DomainRecord): [string, string][] {
  const files = [config.model, live].flatMap((model) => model?.disks.map(({ file }) => file) ?? []);
  return [...new Set(files)].flatMap((file): [string, string][] =>
    file === undefined ? [] : [[file, name]],
  );
}

function interfaceEntries({ name, config, live }: DomainRecord): [string, LiveInterface][] {
  const ours = (live?.mark ?? config.model.mark) !== undefined;
  const own = new Set(config.model.interfaces.filter(({ mtu }) => mtu !== undefined).map(({ mac }) => mac));
  return (live?.interfaces ?? []).flatMap(({ mac, target, network, bridge }): [string, LiveInterface][] => {
    const key = network === undefined ? bridge && bridgeKey(bridge) : networkKey(network);
    if (target === undefined || key === undefined) return [];
    const at = { ...(network === undefined ? {} : { network }), ...(bridge === undefined ? {} : { bridge }) };
    const said = own.has(mac) ? ({ ownMtu: true } as const) : {};
    return [[key, { domain: name, ours, tap: target, mac, ...at, ...said }]];
  });
}

function userEntries({ name, config, live }: DomainRecord): [string, string][] {
  const keys = [config.model, live].flatMap((model) => segmentKeys(model));
  return [...new Set(keys)].map((key) => [key, name]);
}

function segmentKeys(model: DomainModel | undefined): string[] {
  return (model?.interfaces ?? []).flatMap(({ network, bridge }) => [
    ...(network === undefined ? [] : [networkKey(network)]),
    ...(bridge === undefined ? [] : [bridgeKey(bridge)]),
  ]);
}
