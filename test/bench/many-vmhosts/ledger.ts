import { reasonOf } from '../../../src/api/errors.ts';
import { SCHEDULER_MANAGER } from '../../../src/daemon/api-server/writer.ts';
import { kubeOf } from '../../control-plane/kube-bed.ts';
import { median } from '../line.ts';
import { now } from './messages.ts';
import { allocationsOf, networkName, networkOf } from './objects.ts';
import { startServer, usageOf } from './server.ts';

/** What it takes to write that one more Node has an address. */
export interface LedgerWrite {
  /** On the Network. */
  readonly nodes: number;
  readonly ms: number;
  /** CPU seconds of kube-apiserver for each. */
  readonly cpuSeconds: number;
  /** Of the Network, as etcd has it. */
  readonly bytes: number;
  /** Why so many cannot be written. */
  readonly refused?: string;
}

const RUNS = 5;
const REF = { kind: 'Network', name: networkName(0) } as const;

/** On an API server of its own, that nobody watches. */
export async function measureLedger(sizes: readonly number[]): Promise<LedgerWrite[]> {
  const plane = await startServer([]);
  const kube = kubeOf(plane.kubeconfig(), { deadlineMs: 60_000 });

  async function write(nodes: number): Promise<number> {
    const found = await kube.get(REF);
    const options = { manager: SCHEDULER_MANAGER, resourceVersion: found?.metadata.resourceVersion ?? '' };
    const began = now();
    await kube.applyStatus(REF, { allocations: allocationsOf(nodes) }, options);
    return now() - began;
  }

  async function measure(nodes: number): Promise<LedgerWrite> {
    try {
      await write(nodes);
      const before = await usageOf(plane);
      const times: number[] = [];
      for (let more = 1; more <= RUNS; more += 1) times.push(await write(nodes + more));
      const cpuSeconds = ((await usageOf(plane)).apiserverCpu - before.apiserverCpu) / RUNS;
      const text = await plane.must(['get', '--raw', `/apis/k8slab.io/v1alpha1/networks/${REF.name}`]);
      return { nodes, ms: median(times), cpuSeconds, bytes: text.length };
    } catch (error) {
      return { nodes, ms: NaN, cpuSeconds: NaN, bytes: NaN, refused: reasonOf(error) };
    }
  }

  try {
    await kube.create(networkOf(0, '10.128.0.0/9'));
    const found: LedgerWrite[] = [];
    for (const nodes of sizes) found.push(await measure(nodes));
    return found;
  } finally {
    await kube.dispose();
    await plane.kill();
  }
}
