import { networkSpec } from '../../src/api/network/spec.ts';
import { nodeSpec } from '../../src/api/node/spec.ts';
import { parseNetwork } from '../../src/api/libvirt/network.ts';
import type { NodeManifest } from '../../src/api/network/claims.ts';
import { desireNetwork } from '../../src/api/network/desire.ts';
import type { ObservedNetwork } from '../../src/api/network/observed.ts';
import { planNetwork } from '../../src/api/network/plan.ts';
import { median, type Group } from './line.ts';
import { addressOf, NETWORK, nodeName } from './manifests.ts';

/** Most of them by compiled code, as in a daemon that has run for a while. */
const RUNS = 25;
/** A plan that takes longer is not run again. */
const PATIENCE_SECONDS = 20;

/** Planning in memory: what the Nodes ask of their network, against what libvirt has already. */
export const plan: Group = {
  name: 'plan',
  needs: 'nothing',
  run({ nodes, report }) {
    report(`planning a Network of ${nodes} and ${nodes * 4} Nodes`);
    const [one, four] = [planSeconds(nodes), planSeconds(nodes * 4)];
    return Promise.resolve([
      { work: `planning one Network with ${nodes} Nodes`, k8slab: one, target: { at: 0.02 } },
      {
        work: `the same with ${nodes * 4} Nodes`,
        k8slab: four,
        limit: one * 4,
        target: { times: 1.3 },
        note: 'limit: four times the line above',
      },
    ]);
  },
};

/** The median time of a plan that has nothing to do, documents parsed beforehand. */
function planSeconds(count: number): number {
  const nodes = Array.from({ length: count }, (_, index) => manifest(index));
  const action = planOnce(nodes, NOTHING).find(({ type }) => type === 'DefineNetwork');
  if (action?.type !== 'DefineNetwork') throw new Error('cannot plan: an empty libvirt gets no network');
  const document = parseNetwork(action.xml);
  const observed = { ...NOTHING, active: true, autostart: true, config: document, live: document };
  const seconds: number[] = [];
  for (let run = 0; run < RUNS && !seconds.some((each) => each > PATIENCE_SECONDS); run += 1) {
    const began = performance.now();
    const actions = planOnce(nodes, observed);
    seconds.push((performance.now() - began) / 1000);
    if (actions.length > 0) throw new Error(`the plan is not empty: ${actions[0]?.reason}`);
  }
  return median(seconds);
}

function planOnce(nodes: readonly NodeManifest[], observed: ObservedNetwork) {
  const { desired } = desireNetwork({
    name: NETWORK,
    spec: SPEC,
    nodes,
    keeps: () => false,
    hostDirs: { dhcp: '/dnsmasq/bench-dhcp', dns: '/dnsmasq/bench-dns' },
    ...(observed.config === undefined ? {} : { config: observed.config.model }),
    ...(observed.live === undefined ? {} : { live: observed.live.model }),
  });
  return planNetwork(desired, observed).actions;
}

const SPEC = networkSpec.parse({
  domain: 'bench.local',
  cidr: '10.64.0.0/16',
  bridge: { name: 'bench' },
  dhcp: { start: '10.64.1.0', end: '10.64.3.255' },
});

const NOTHING: ObservedNetwork = {
  active: false,
  persistent: true,
  autostart: false,
  hostFiles: { reservations: [], names: [] },
  guests: [],
  ports: [],
  filtersFrames: false,
  neighbours: { networks: [], unreadable: [], routes: [], bridgeNameTaken: false },
};

function manifest(index: number): NodeManifest {
  const networks = [{ network: NETWORK, address: addressOf(index) }];
  return { name: nodeName(index), spec: nodeSpec.parse({ disk: { image: 'guest' }, networks }) };
}
