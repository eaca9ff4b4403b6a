import fc from 'fast-check';
import { FAULTS, type Fault } from '../faults/injector.ts';

/** Sides of a network: what runs, what is defined, or both, as `virsh net-update` has them. */
export type Side = 'live' | 'config' | 'both';

/** What a reader of the directory may see of a file on its way from one content to the next. */
export const WRITINGS = ['whole', 'emptied', 'half', 'recreated', 'copied', 'invalid', 'unreadable'] as const;
export type Writing = (typeof WRITINGS)[number];

/** What a person does to a guest by virsh. */
export const HANDS = [
  'destroy',
  'undefine',
  'shutdown',
  'start',
  'suspend',
  'resume',
  'managedsave',
  'snapshot',
  'disk snapshot',
  'edit',
  'autostart',
  'link down',
] as const;
export type Hand = (typeof HANDS)[number];

/** What a person does to the network by virsh, or its host to its files. */
export const NETWORK_HANDS = ['destroy', 'undefine', 'restart', 'edit', 'autostart'] as const;
export type NetworkHand = (typeof NETWORK_HANDS)[number];

/** One thing that somebody does to the world. Numbers choose out of small sets, so that things collide. */
export type Step =
  | PutStep
  | NetworkStep
  | { readonly does: 'drop'; readonly node: number }
  | { readonly does: 'by hand'; readonly hand: Hand; readonly node: number }
  | { readonly does: 'network by hand'; readonly hand: NetworkHand }
  | { readonly does: 'swap' | 'swap files'; readonly node: number; readonly other: number }
  | { readonly does: 'foreign host'; readonly mac: number; readonly address: number; readonly side: Side }
  | { readonly does: 'foreign name'; readonly name: number; readonly address: number; readonly side: Side }
  | { readonly does: 'foreign guest'; readonly mac: number }
  | { readonly does: 'foreign node'; readonly node: number; readonly mac: number }
  | { readonly does: 'lose host' | 'lose name'; readonly node: number; readonly side: Side }
  /** The call of a driver that comes after so many more. */
  | { readonly does: 'fault'; readonly after: number; readonly fault: Fault }
  | { readonly does: 'lose files' | 'lose leases' | 'restart daemon' | 'settle' };

export interface PutStep {
  readonly does: 'put';
  readonly node: number;
  readonly how?: Writing;
  readonly address?: number;
  readonly mac?: number;
  readonly alias?: number;
  readonly role?: 'worker' | 'master';
  readonly power?: 'Running' | 'Stopped';
  readonly cpus?: number;
  readonly policy?: {
    readonly restart?: 'Never' | 'OnAddressChange' | 'OnAnyChange';
    readonly drift?: 'Repair' | 'Report';
    readonly reclaim?: 'Retain' | 'Delete';
    readonly adopt?: boolean;
  };
}

export interface NetworkStep {
  readonly does: 'network';
  readonly variant: number;
  readonly how?: Writing;
  readonly policy?: {
    readonly restart?: 'Never' | 'ReattachGuests' | 'RestartGuests';
    readonly drift?: 'Repair' | 'Report';
  };
}

export const NODES = ['a', 'b', 'c', 'd'];
export const ADDRESSES = 8;
export const VARIANTS = 5;
const MACS = 4;
const NAMES = 6;
/** More calls than a settled round makes. */
const CALLS = 120;

const node = fc.nat(NODES.length - 1);
const address = fc.nat(ADDRESSES - 1);
const side = fc.constantFrom<Side>('live', 'config', 'both');
const how = fc.constantFrom<Writing>('whole', ...WRITINGS);
const drift = fc.constantFrom('Repair' as const, 'Repair' as const, 'Report' as const);

const put = fc.record(
  {
    does: fc.constant('put' as const),
    node,
    how,
    address,
    mac: fc.nat(MACS - 1),
    alias: fc.nat(NAMES - 1),
    role: fc.constantFrom('worker' as const, 'master' as const),
    power: fc.constantFrom('Running' as const, 'Running' as const, 'Running' as const, 'Stopped' as const),
    cpus: fc.integer({ min: 1, max: 3 }),
    policy: fc.record(
      {
        restart: fc.constantFrom('Never' as const, 'OnAddressChange' as const, 'OnAnyChange' as const),
        drift,
        reclaim: fc.constantFrom('Retain' as const, 'Delete' as const),
        adopt: fc.constantFrom(false, false, false, true),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['does', 'node'] },
);

const network = fc.record(
  {
    does: fc.constant('network' as const),
    variant: fc.nat(VARIANTS - 1),
    how,
    policy: fc.record(
      {
        restart: fc.constantFrom('Never' as const, 'ReattachGuests' as const, 'RestartGuests' as const),
        drift,
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['does', 'variant'] },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 7, arbitrary: put },
  { weight: 2, arbitrary: network },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('drop' as const), node }) },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('by hand' as const), hand: fc.constantFrom(...HANDS), node }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('network by hand' as const),
      hand: fc.constantFrom(...NETWORK_HANDS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constantFrom('swap', 'swap files'), node, other: node }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('foreign host' as const),
      mac: fc.nat(MACS + 1),
      address,
      side,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('foreign name' as const),
      name: fc.constantFrom(0, 1, 2, 3, NAMES, NAMES + 1, NAMES + 2),
      address,
      side,
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('foreign guest' as const), mac: fc.nat(MACS + 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('foreign node' as const), node, mac: fc.nat(MACS + 1) }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('lose host', 'lose name'), node, side }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('fault' as const),
      after: fc.nat(CALLS),
      fault: fc.constantFrom(...FAULTS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom('lose files', 'lose leases', 'restart daemon', 'settle', 'settle'),
    }),
  },
);

/** Worlds in which this and that happens, with time to settle in between or without. */
export const worlds: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 16 });

export function addressOf(number: number): string {
  return `192.168.111.${10 + number}`;
}

export function macOf(number: number): string {
  return `52:54:00:00:aa:0${number}`;
}

/** Aliases of Nodes and names of foreign records come out of the same set; some are names of Nodes. */
export function nameOf(number: number): string {
  return number < NODES.length ? `${NODES[number] ?? ''}.lab.example` : `alias${number}.lab.example`;
}

export function nodeOf(number: number): string {
  return NODES[number] ?? '';
}
