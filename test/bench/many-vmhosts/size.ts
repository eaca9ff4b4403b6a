import { setTimeout as sleep } from 'node:timers/promises';
import { mapAtOnce } from '../../../src/drivers/at-once.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';
import { createProgress } from '../../progress.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { measureLatencies, type Latencies } from './latency.ts';
import { now, type Usage } from './messages.ts';
import { IMAGE, networkName, networksOf, nodeName, placedNode, played, vmhostNames } from './objects.ts';
import { startObserver, type Observer } from './observer.ts';
import { startServer, usageOf, userOf, type ServerUsage } from './server.ts';

export interface SizeOptions {
  readonly vmhosts: number;
  /** Of each vmhost. */
  readonly nodes: number;
  readonly restSeconds: number;
  readonly tries: number;
  /** So many are asked for at a time: more when these are Ready. */
  readonly wave: number;
  readonly report: (line: string) => void;
}

/** What was used between two moments. */
export interface Span {
  readonly seconds: number;
  readonly server: ServerUsage;
  readonly fleet: Usage;
}

export interface Figures extends Pick<SizeOptions, 'vmhosts' | 'nodes'> {
  /** From the first Node asked for until the last one is bound, and Ready. */
  readonly bringUp: Span & { readonly boundSeconds: number };
  readonly rest: Span;
  readonly latencies: Latencies;
  /** Bytes of the Network, as etcd has it. */
  readonly networkBytes: number;
}

const AT_ONCE = 8;
/** For as long as nothing but Leases is written, all is at rest; and what one Node has set off has ended. */
const QUIET_MS = 5000;
const TRY_QUIET_MS = 1000;
const PROGRESS_MS = 10_000;

/** Brings up so many vmhosts with their Nodes, and measures them. */
export async function measureSize(options: SizeOptions): Promise<Figures> {
  const { vmhosts, nodes, tries, report } = options;
  const plane = await startServer(vmhostNames(vmhosts));
  try {
    const observer = await startObserver(plane);
    report(`${vmhosts} vmhosts`);
    const fleet = await startFleet(played(vmhosts, (name) => plane.kubeconfig(userOf(name))));
    await observer.untilReady('Vmhost', vmhosts);
    const bringUp = await bringUpAll({ plane, fleet, observer, ...options });
    report(
      `all bound after ${Math.round(bringUp.boundSeconds)} s, Ready after ${Math.round(bringUp.seconds)} s`,
    );
    await untilQuiet(fleet);
    report('at rest');
    const rest = await spanOf(plane, fleet, () => sleep(options.restSeconds * 1000));
    const networkBytes = (
      await plane.must(['get', '--raw', `/apis/k8slab.io/v1alpha1/networks/${networkName(0)}`])
    ).length;
    report('one Node at a time');
    const latencies = await measureLatencies({
      ...{ plane, fleet, observer, tries },
      next: createProgress({ total: 2 * tries, what: 'tries', tell: report }),
      untilQuiet: () => untilQuiet(fleet, TRY_QUIET_MS),
    });
    await fleet.stop();
    await observer.dispose();
    return { vmhosts, nodes, bringUp, rest, latencies, networkBytes };
  } finally {
    await plane.kill();
  }
}

interface Parts extends SizeOptions {
  readonly plane: ControlPlane;
  readonly fleet: Fleet;
  readonly observer: Observer;
}

async function bringUpAll({ plane, fleet, observer, ...options }: Parts): Promise<Figures['bringUp']> {
  const { kube } = observer;
  const count = options.vmhosts * options.nodes;
  const indices = Array.from({ length: count }, (_, index) => index);
  for (const draft of [...networksOf(options.vmhosts), IMAGE]) await kube.create(draft);
  const began = now();
  let boundSeconds = NaN;
  const span = await spanOf(plane, fleet, async () => {
    const bound = observer.untilBound(count).then(() => (boundSeconds = (now() - began) / 1000));
    const ready = observer.untilReady('Node', count);
    const telling = setInterval(() => options.report(observer.progress()), PROGRESS_MS);
    for (let asked = 0; asked < count; asked += options.wave) {
      await observer.untilReady('Node', asked);
      await mapAtOnce(indices.slice(asked, asked + options.wave), AT_ONCE, (at) =>
        kube.create(placedNode(nodeName(at), Math.floor(at / options.nodes))),
      );
    }
    options.report(`${count} Nodes are asked for`);
    await Promise.all([bound, ready]);
    clearInterval(telling);
  });
  return { ...span, boundSeconds };
}

/** Until daemons write nothing but Leases. */
async function untilQuiet(fleet: Fleet, forMs = QUIET_MS): Promise<void> {
  for (let before = -1; ;) {
    const { requests } = await fleet.usage();
    const written = Object.entries(requests)
      .filter(([key]) => !/^(get|list|watch) | Lease$/.test(key))
      .reduce((sum, [, count]) => sum + count, 0);
    if (written === before) return;
    before = written;
    await sleep(forMs);
  }
}

async function spanOf(plane: ControlPlane, fleet: Fleet, during: () => Promise<unknown>): Promise<Span> {
  const [server, of, began] = [await usageOf(plane), await fleet.usage(), now()];
  await during();
  const seconds = (now() - began) / 1000;
  const [serverAfter, ofAfter] = [await usageOf(plane), await fleet.usage()];
  return { seconds, server: differenceOf(server, serverAfter), fleet: differenceOf(of, ofAfter) };
}

/** Of what is counted up; of memory what is used in the end. */
function differenceOf<T extends object>(before: T, after: T): T {
  const entries = Object.entries(after).map(([key, value]: [string, unknown]) => {
    const old = (before as Record<string, unknown>)[key];
    if (key.endsWith('MiB') && key !== 'watchMiB') return [key, value];
    if (typeof value === 'number') return [key, value - (typeof old === 'number' ? old : 0)];
    return [key, differenceOf(old ?? {}, value as object)];
  });
  return Object.fromEntries(entries) as T;
}
