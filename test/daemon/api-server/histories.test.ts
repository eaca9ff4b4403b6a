import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isUsable } from '../../../src/api/ipam/network-addresses.ts';
import { readAddress } from '../../../src/api/ipam/address.ts';
import { withProgress } from '../../progress.ts';
import { createLabOfDaemons, type Daemon, type LabOfDaemons } from './lab-of-daemons.ts';
import { isOpen, labOn, watchRules, whyNot } from './rules.ts';

/**
 * K8SLAB_HISTORIES: how many; K8SLAB_SEED: those of an earlier run. With either there is no limit of time. With neither they are the
 * same ones each time.
 */
const { K8SLAB_HISTORIES: wanted, K8SLAB_SEED: seed } = process.env;
const always = { seed: 1, interruptAfterTimeLimit: 15_000 };
const chosen = seed === undefined ? {} : { seed: Number(seed) };

interface Step {
  readonly what: (typeof STEPS)[number];
  readonly at: number;
  readonly much: number;
}

const STEPS = [
  ...['node', 'node', 'node', 'node', 'node', 'gone', 'edit', 'unbind', 'vmhost', 'cordon', 'pass', 'pass'],
  ...['pause', 'resume', 'kill', 'lag', 'catch up', 'fail', 'stall', 'work', 'away', 'back'],
] as const;

const histories = fc.record({
  seed: fc.integer(),
  daemons: fc.integer({ min: 2, max: 5 }),
  steps: fc.array(fc.record({ what: fc.constantFrom(...STEPS), at: fc.nat(999), much: fc.nat(999) }), {
    minLength: 5,
    maxLength: 40,
  }),
});

describe('any history of daemons that are elected, paused, killed and lied to', () => {
  it(
    'gives nothing twice, moves nothing, and places all that can be placed',
    { timeout: 24 * 3_600_000 },
    () => {
      const numRuns = Number(wanted ?? 100);
      const run = withProgress({ total: numRuns, what: 'histories' }, play);
      return fc.assert(fc.asyncProperty(histories, run), {
        numRuns,
        ...(wanted === undefined && seed === undefined ? always : chosen),
      });
    },
  );
});

async function play(history: { seed: number; daemons: number; steps: readonly Step[] }): Promise<void> {
  const random = mulberry(history.seed);
  const lab = createLabOfDaemons(history.daemons, random);
  const broken = watchRules(lab.server);
  for (const name of ['v0', 'v1', 'v2']) addVmhost(lab, name, random);
  addNetworks(lab);
  await PLAYS.node(lab, { what: 'node', at: 0, much: 3 }, random);
  for (const step of history.steps) {
    await PLAYS[step.what](lab, step, random);
    await lab.advance(20);
    if (broken.length > 0) throw broken[0];
  }
  lab.fail(0);
  lab.stall(0);
  lab.server.away(false);
  for (const daemon of lab.daemons) {
    lab.server.hold(daemon.name, false);
    await lab.resume(daemon);
  }
  await lab.advance(70_000, 1000);
  if (broken.length > 0) throw broken[0];
  atTheEnd(lab);
  const before = lab.server.calls.filter(({ verb }) => verb !== 'lease').length;
  await lab.advance(35_000, 5000);
  assert.equal(
    lab.server.calls.filter(({ verb }) => verb !== 'lease').length,
    before,
    'it does not come to rest',
  );
}

const SMALL = { start: '10.0.0.10', end: '10.0.0.16' };

function addNetworks({ server }: LabOfDaemons): void {
  const pods = (block: number): object => ({ cidr: `10.2${block}.0.0/22`, nodeMaskSize: 24 });
  const network = (name: string, spec: object): void =>
    void server.create({ kind: 'Network', metadata: { name }, spec });
  network('wide', { cidr: '10.0.0.0/24', dhcp: SMALL, podCIDR: pods(0), overlay: {} });
  network('flat', { cidr: '10.0.1.0/24', podCIDR: pods(1) });
  network('more', { cidr: '10.0.2.0/24', overlay: {} });
}

function addVmhost({ server }: LabOfDaemons, name: string, random: () => number): void {
  if (server.get({ kind: 'Vmhost', name }) !== undefined) return;
  const memory = `${6 + Math.floor(random() * 12)}Gi`;
  server.create({ kind: 'Vmhost', metadata: { name } });
  server.applyStatus(
    { kind: 'Vmhost', name },
    { allocatable: { cpu: '16', memory, storage: '1Ti' }, domainType: 'qemu' },
    { manager: name },
  );
}

type Play = (lab: LabOfDaemons, step: Step, random: () => number) => void | Promise<void>;

const PLAYS: Readonly<Record<(typeof STEPS)[number], Play>> = {
  node({ server }, { at, much }, random) {
    for (let index = 0; index <= much % 4; index++) {
      const name = `n${(at + index) % 24}`;
      if (server.get({ kind: 'Node', name }) === undefined)
        server.create({ kind: 'Node', metadata: { name }, spec: nodeSpec(random) });
    }
  },
  gone: onNode(({ server }, name) => server.remove({ kind: 'Node', name })),
  edit: onNode(({ server }, name, { much }) => {
    const address = `10.0.0.${10 + (much % 9)}`;
    const networks = [{ network: 'wide', ...(much % 3 === 0 ? {} : { address }) }];
    const isBound = labOn(server).nodes.some((each) => each.name === name && each.vmhost !== undefined);
    if (!isBound) server.patch({ kind: 'Node', name }, { spec: { networks } });
  }),
  // What a vmhost does at the end of a drain; clones are not made anew.
  unbind: onNode(({ server }, name) => {
    const isSource = labOn(server).nodes.some(({ asked }) => asked?.disk.cloneOf === name);
    if (!isSource) server.applyStatus({ kind: 'Node', name }, { vmhost: '' }, { manager: 'drained' });
  }),
  vmhost: (lab, { at }, random) => addVmhost(lab, `v${at % 4}`, random),
  cordon({ server }, { at, much }) {
    const ref = { kind: 'Vmhost', name: `v${at % 4}` } as const;
    if (server.get(ref) !== undefined) server.patch(ref, { spec: { unschedulable: much % 2 === 0 } });
  },
  pass: (lab, { much }) => lab.advance(much * 20),
  pause: onDaemon((lab, daemon) => lab.pause(daemon)),
  resume: onDaemon((lab, daemon) => lab.resume(daemon)),
  kill: onDaemon((lab, daemon) => lab.kill(daemon)),
  lag: onDaemon(({ server }, { name }) => server.hold(name, true)),
  'catch up': onDaemon(({ server }, { name }) => server.hold(name, false)),
  fail: (lab, { much }) => lab.fail(much / 2000),
  stall: (lab, { much }) => lab.stall(much / 4000),
  work(lab) {
    lab.stall(0);
    lab.fail(0);
  },
  away: ({ server }) => server.away(true),
  back: ({ server }) => server.away(false),
};

function onNode(play: (lab: LabOfDaemons, name: string, step: Step) => void): Play {
  return (lab, step) => {
    const nodes = lab.server.list('Node');
    const node = nodes[step.at % Math.max(1, nodes.length)];
    if (node !== undefined) play(lab, node.metadata.name, step);
  };
}

function onDaemon(play: (lab: LabOfDaemons, daemon: Daemon) => void | Promise<void>): Play {
  return (lab, { at }) => {
    const daemon = lab.daemons[at % lab.daemons.length];
    return daemon === undefined ? undefined : play(lab, daemon);
  };
}

function nodeSpec(random: () => number): object {
  const pick = <T>(...from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const first = pick('wide', 'wide', 'flat', 'more');
  const address =
    random() < 0.2 && first === 'wide' ? { address: `10.0.0.${10 + Math.floor(random() * 9)}` } : {};
  const second = random() < 0.2 ? [{ network: pick('flat', 'more') }] : [];
  return {
    role: pick('master', 'worker', 'lb'),
    memory: `${1 + Math.floor(random() * 5)}Gi`,
    cpus: 1 + Math.floor(random() * 4),
    disk: random() < 0.1 ? { cloneOf: `n${Math.floor(random() * 24)}` } : { image: 'debian', size: '1Gi' },
    networks: [{ network: first, ...address }, ...second.filter(({ network }) => network !== first)],
    ...(random() < 0.1 ? { vmhost: pick('v0', 'v1', 'v3') } : {}),
    ...(random() < 0.05 ? { podCIDR: `10.20.${Math.floor(random() * 4)}.0/24` } : {}),
  };
}

function atTheEnd({ server, daemons }: LabOfDaemons): void {
  const lab = labOn(server);
  assert.equal(daemons.filter(({ elected }) => elected.state().isElected).length, 1);
  const names = new Set(lab.nodes.map(({ name }) => name));
  for (const { name, allocations } of lab.networks)
    for (const { node } of allocations)
      assert.ok(names.has(node), `${node} is gone, and has an address of ${name}`);
  for (const node of lab.nodes) {
    if (node.vmhost !== undefined) continue;
    const open = lab.vmhosts.filter(
      (vmhost) => isOpen(vmhost) && whyNot(lab, node, vmhost.name) === undefined,
    );
    if (open.length > 0)
      assert.ok(lacksAddress(lab, node), `${node.name} could be on ${open[0]?.name ?? ''}`);
  }
}

/** The one network whose range is small has nothing left, or what the Node names is somebody else's. */
function lacksAddress({ networks, nodes }: ReturnType<typeof labOn>, node: (typeof nodes)[number]): boolean {
  const lacks = node.asked?.networks.some(({ network: name, address }) => {
    const network = networks.find((each) => each.name === name);
    if (network?.asked === undefined) return true;
    const taken = new Set(
      network.allocations.filter((each) => each.node !== node.name).map((each) => each.address),
    );
    const own = network.allocations.some((each) => each.node === node.name);
    if (address !== undefined) return taken.has(address);
    if (own || name !== 'wide') return false;
    const given = nodes.flatMap(({ asked }) => asked?.networks.map((each) => each.address) ?? []);
    const free = Array.from({ length: 7 }, (_, at) => `10.0.0.${10 + at}`).filter((text) => {
      const parsed = readAddress(text);
      const fits =
        parsed !== undefined && network.asked !== undefined && isUsable(network.asked.addresses, parsed);
      return fits && !taken.has(text) && !given.includes(text);
    });
    return free.length === 0;
  });
  return lacks === true || lacksPods({ networks }, node, nodes);
}

function lacksPods(
  { networks }: Pick<ReturnType<typeof labOn>, 'networks'>,
  { name, asked }: ReturnType<typeof labOn>['nodes'][number],
  nodes: ReturnType<typeof labOn>['nodes'],
): boolean {
  const first = networks.find((each) => each.name === asked?.networks[0]?.network);
  const used = networks.flatMap((each) => each.allocations.filter(({ node }) => node !== name));
  const cidrs = new Set(used.flatMap(({ podCIDR }) => podCIDR ?? []));
  if (asked?.podCIDR !== undefined) return cidrs.has(asked.podCIDR) || first?.name !== 'wide';
  if (asked?.role !== 'worker' || first?.asked?.podCIDR === undefined) return false;
  const given = nodes.flatMap((node) => node.asked?.podCIDR ?? []);
  const [block = ''] = /^10\.\d+/.exec(first.asked.podCIDR.cidr) ?? [];
  return [0, 1, 2, 3].every((at) => [...cidrs, ...given].includes(`${block}.${at}.0/24`));
}

function mulberry(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
