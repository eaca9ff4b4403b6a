import { contentHash } from '../../src/api/canonical.ts';
import { condition, READY } from '../../src/api/conditions.ts';
import { KINDS } from '../../src/api/kinds/list.ts';
import { imageSpec } from '../../src/api/image/spec.ts';
import { networkSpec } from '../../src/api/network/spec.ts';
import { nodeSpec } from '../../src/api/node/spec.ts';
import { createQueues, startControllers, type ControllersDeps } from '../../src/daemon/controllers.ts';
import { startTriggers } from '../../src/daemon/triggers.ts';
import type { ObjectStore } from '../../src/controllers/objects.ts';
import { createEvents } from '../../src/engine/events.ts';
import { createMemory } from '../../src/engine/memory.ts';
import { createMetrics } from '../../src/engine/metrics.ts';
import { createReleasers } from '../../src/engine/releasers.ts';
import { createStoreSink } from '../../src/engine/status-sink.ts';
import { createStore } from '../../src/engine/store.ts';
import type { KindMap } from '../../src/api/meta.ts';
import { createFakeClock, type FakeClock } from '../engine/fake-clock.ts';
import { createRecordingLogger } from '../engine/recording-logger.ts';
import { quantile, type Group } from './line.ts';
import { nodeName } from './manifests.ts';

const HUNG = 200;
/** The worst that a look may take: the deadline of SSH in src/controllers/node/probes.ts; the probe pool lets go of it earlier. */
const SSH_DEADLINE_MS = 8000;
const RESYNC_MS = 60_000;
const EDITS = 50;

/**
 * Running guests of such a number do not fit, so that what answers is played: the queues, workers and triggers are the daemon's own, a
 * look at a guest that hangs takes its deadline and any other none, and time is virtual.
 */
export const hang: Group = {
  name: 'hang',
  needs: 'nothing',
  async run({ nodes, report }) {
    const hung = Math.min(HUNG, nodes / 5);
    report(`${EDITS} edits while ${hung} guests hang on SSH`);
    const [without, with200] = [await waitsOfEdits(nodes, 0), await waitsOfEdits(nodes, hung)];
    return [
      {
        work: `${hung} of ${nodes} guests hang on SSH: an edit of another Node until its pass, p99`,
        k8slab: with200.some(Number.isNaN) ? NaN : quantile(with200, 0.99),
        target: { at: quantile(without, 0.99) },
        note: 'target: as without them; in virtual time',
      },
    ];
  },
};

/** Seconds from each edit to the look at the Node. */
async function waitsOfEdits(nodes: number, hung: number): Promise<number[]> {
  const clock = createFakeClock();
  const looks = new Map<string, () => void>();
  const { store, stop } = startDaemonOf(nodes, clock, async (name) => {
    looks.get(name)?.();
    if (Number(name.slice(4)) < hung) await clock.sleep(SSH_DEADLINE_MS);
  });
  // Until every Node has been looked at and the periodic passes are under way.
  await clock.advance(RESYNC_MS * 10);
  const waits: number[] = [];
  for (let index = 0; index < EDITS; index += 1) {
    const name = nodeName(nodes - 1 - index);
    const began = clock.monotonic();
    looks.set(name, () => waits.push((clock.monotonic() - began) / 1000));
    apply(store, name, '128Mi');
    await clock.advance(RESYNC_MS / 7);
    looks.delete(name);
    if (waits.length <= index) waits.push(NaN);
  }
  await stop();
  return waits.slice(0, EDITS);
}

function startDaemonOf(
  nodes: number,
  clock: FakeClock,
  look: (name: string) => Promise<void>,
): { store: ObjectStore; stop: () => Promise<void> } {
  const metrics = createMetrics({ version: '' });
  const store = createStore<KindMap>({ clock });
  const queues = createQueues(clock, metrics);
  startTriggers(KINDS, store, (kind, name, delayMs = 0, priority) =>
    queues[kind].addAfter(name, delayMs, priority),
  );
  // What Nodes read must have been looked at before they are.
  store.apply('Vmhost', { name: 'vmhost', spec: {}, hash: '' });
  store.apply('Image', { name: 'guest', spec: imageSpec.parse({ source: '/srv/guest.qcow2' }), hash: '' });
  store.apply('Network', { name: 'bench', spec: networkSpec.parse({ cidr: '10.64.0.0/16' }), hash: '' });
  for (let index = 0; index < nodes; index += 1) apply(store, nodeName(index), '64Mi');
  const reconciler = {
    async look({ metadata }: { metadata: { name: string } }) {
      await look(metadata.name);
      return {
        plan: { actions: [] },
        conditions: [condition(READY, 'True', 'Ready')],
        fields: {},
        extra: undefined,
      };
    },
  };
  const reconcilers = Object.fromEntries(KINDS.all.map(({ kind }) => [kind, { ...reconciler, kind }]));
  const releasers = createReleasers();
  startControllers(
    {
      ...{ store, queues, clock, metrics, memory: createMemory(), log: createRecordingLogger() },
      recorder: createEvents({ clock }),
      sink: createStoreSink({ store, clock }),
      resyncMs: () => RESYNC_MS,
      reconcilers: reconcilers as unknown as ControllersDeps['reconcilers'],
      manifests: {
        blocked: () => undefined,
        notes: () => [],
        snapshot: () => ({ condemned: new Map() }),
      } as unknown as ControllersDeps['manifests'],
      removals: { blocked: () => undefined, notes: () => [] } as unknown as ControllersDeps['removals'],
    },
    releasers,
  );
  return {
    store,
    async stop() {
      const stopped = releasers.releaseAll();
      await clock.advance(SSH_DEADLINE_MS * 2);
      await stopped;
    },
  };
}

function apply(store: ObjectStore, name: string, memory: string): void {
  const spec = nodeSpec.parse({ memory, disk: { image: 'guest' }, networks: [{ network: 'bench' }] });
  store.apply('Node', { name, spec, hash: contentHash(spec) });
}
