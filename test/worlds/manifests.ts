import type { ManifestFile, ManifestListing } from '../../src/api/manifest/snapshot.ts';
import {
  addressOf,
  macOf,
  nameOf,
  nodeOf,
  type NetworkStep,
  type PutStep,
  type Step,
  type Writing,
} from './steps.ts';

export const NETWORK = 'lab';

type Fields = Readonly<Record<string, unknown>>;

/** The directory of manifests, in which people write with their editors. */
export interface Directory {
  /** What its readers see, one after the other, until the step is done; undefined: it is about something else. */
  does(step: Step): readonly ManifestListing[] | undefined;
  listing(): ManifestListing;
}

export function createDirectory(): Directory {
  const texts = new Map([
    ['network', networkText({ does: 'network', variant: 0 })],
    ['image', text('Image', 'debian', { source: '/srv/images/debian.qcow2' })],
  ]);

  function listing(changed: ReadonlyMap<string, object | undefined> = new Map()): ManifestListing {
    const names = new Set([...texts.keys(), ...changed.keys()]);
    const files = [...names].flatMap((name): ManifestFile[] => {
      const path = `${name}.yaml`;
      const own = texts.get(name);
      if (changed.has(name))
        return changed.get(name) === undefined ? [] : [{ path, ...changed.get(name) } as ManifestFile];
      return own === undefined ? [] : [{ path, text: own }];
    });
    return { files };
  }
  function write(name: string, content: string, how: Writing = 'whole'): ManifestListing[] {
    const meanwhile = SEEN[how](content).map((seen) => {
      const place = how === 'copied' ? `copy-of-${name}` : name;
      return listing(new Map([[place, seen]]));
    });
    texts.set(name, content);
    return [...meanwhile, listing()];
  }
  /** As `mv` does it: for a moment neither is where it was. */
  function exchange(name: string, other: string): ManifestListing[] {
    const [a, b] = [texts.get(name), texts.get(other)];
    if (a === undefined || b === undefined) return [listing()];
    const meanwhile = listing(new Map([name, other].map((each) => [each, { unsettled: true }])));
    texts.set(name, b);
    texts.set(other, a);
    return [meanwhile, listing()];
  }

  return {
    listing: () => listing(),
    does(step) {
      switch (step.does) {
        case 'put':
          return write(fileOf(step.node), nodeText(step), step.how);
        case 'network':
          return write('network', networkText(step), step.how);
        case 'drop':
          texts.delete(fileOf(step.node));
          return [listing()];
        case 'swap':
          swapNics(texts, fileOf(step.node), fileOf(step.other));
          return [listing()];
        case 'swap files':
          return exchange(fileOf(step.node), fileOf(step.other));
        default:
          return undefined;
      }
    },
  };
}

/** What stands in the place of a file while it is written. */
const SEEN: Readonly<Record<Writing, (content: string) => readonly object[]>> = {
  whole: () => [],
  emptied: () => [{ unsettled: true }, { text: '' }],
  half: (content) => [{ text: content.slice(0, content.length / 2) }],
  recreated: () => [{ unsettled: true }],
  copied: (content) => [{ text: content }],
  invalid: (content) => [{ text: content.replace('"spec":{', '"spec":{"nosuch":1,') }],
  unreadable: () => [{ error: new Error('EACCES: permission denied') }],
};

function fileOf(node: number): string {
  return `node-${node}`;
}

function text(kind: string, name: string, spec: Fields): string {
  return JSON.stringify({ apiVersion: 'k8slab.io/v1alpha1', kind, metadata: { name }, spec });
}

const NETWORKS: readonly Fields[] = [
  {},
  { dns: { records: [{ address: addressOf(1), hostnames: ['printer.lab.example'] }] } },
  { dhcp: { start: addressOf(0), end: addressOf(6) } },
  { mtu: 1400 },
  { podCIDR: { cidr: '10.200.0.0/22', nodeMaskSize: 24 } },
];

function networkText({ variant, policy }: NetworkStep): string {
  const range = { start: addressOf(0), end: addressOf(7) };
  const base = { domain: 'lab.example', cidr: '192.168.111.0/24', bridge: { name: 'virbr1' }, dhcp: range };
  const podCIDR = { cidr: '10.200.0.0/21', nodeMaskSize: 24 };
  return text('Network', NETWORK, {
    ...base,
    podCIDR,
    ...NETWORKS[variant],
    ...(policy === undefined ? {} : { policy }),
  });
}

function nodeText({ node, address, mac, alias, role, policy, power, cpus }: PutStep): string {
  const nic = {
    network: NETWORK,
    ...(address === undefined ? {} : { address: addressOf(address) }),
    ...(mac === undefined ? {} : { mac: macOf(mac) }),
  };
  return text('Node', nodeOf(node), {
    disk: { image: 'debian' },
    networks: [nic],
    ...(role === undefined ? {} : { role }),
    ...(alias === undefined ? {} : { dnsAliases: [nameOf(alias)] }),
    ...(policy === undefined ? {} : { policy }),
    ...(power === undefined ? {} : { power }),
    ...(cpus === undefined ? {} : { cpus }),
  });
}

interface NodeText {
  readonly spec: Fields;
}

/** The NICs of two Nodes change places. */
function swapNics(texts: Map<string, string>, one: string, other: string): void {
  const [a, b] = [texts.get(one), texts.get(other)];
  if (a === undefined || b === undefined || a === b) return;
  const moved = (node: string, from: string): string => {
    const { networks } = (JSON.parse(from) as NodeText).spec;
    const whole = JSON.parse(node) as NodeText;
    return JSON.stringify({ ...whole, spec: { ...whole.spec, networks } });
  };
  texts.set(one, moved(a, b));
  texts.set(other, moved(b, a));
}
