import fc from 'fast-check';

/** Sides of a network: what runs, what is defined, or both, as `virsh net-update` has them. */
export type Side = 'live' | 'config' | 'both';

/** One thing that somebody does to the world. Numbers choose out of small sets, so that things collide. */
export type Step =
  | {
      readonly does: 'put';
      readonly node: number;
      readonly address?: number;
      readonly mac?: number;
      readonly alias?: number;
      readonly role?: 'worker' | 'master';
      readonly reclaim?: 'Delete';
      readonly power?: 'Running' | 'Stopped';
    }
  | { readonly does: 'drop' | 'kill' | 'undefine'; readonly node: number }
  | { readonly does: 'swap'; readonly node: number; readonly other: number }
  | { readonly does: 'network'; readonly variant: number }
  | { readonly does: 'foreign host'; readonly mac: number; readonly address: number; readonly side: Side }
  | { readonly does: 'foreign name'; readonly name: number; readonly address: number; readonly side: Side }
  | { readonly does: 'foreign guest'; readonly mac: number }
  | { readonly does: 'lose host' | 'lose name'; readonly node: number; readonly side: Side }
  | { readonly does: 'stop network' | 'undefine network' | 'lose files' | 'restart daemon' | 'settle' };

export const NODES = ['a', 'b', 'c', 'd'];
export const ADDRESSES = 8;
const MACS = 4;
const NAMES = 6;

const node = fc.nat(NODES.length - 1);
const address = fc.nat(ADDRESSES - 1);
const side = fc.constantFrom<Side>('live', 'config', 'both');

const put = fc.record(
  {
    does: fc.constant('put' as const),
    node,
    address,
    mac: fc.nat(MACS - 1),
    alias: fc.nat(NAMES - 1),
    role: fc.constantFrom('worker' as const, 'master' as const),
    reclaim: fc.constant('Delete' as const),
    power: fc.constantFrom('Running' as const, 'Running' as const, 'Running' as const, 'Stopped' as const),
  },
  { requiredKeys: ['does', 'node'] },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: put },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('drop', 'kill', 'undefine'), node }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('swap' as const), node, other: node }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('network' as const), variant: fc.nat(4) }) },
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
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('lose host', 'lose name'), node, side }) },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constantFrom(
        'stop network',
        'undefine network',
        'lose files',
        'restart daemon',
        'settle',
        'settle',
      ),
    }),
  },
);

/** Worlds in which this and that happens, with time to settle in between or without. */
export const worlds: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 14 });

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
