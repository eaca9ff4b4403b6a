import { readFileSync } from 'node:fs';
import { rbacManifests } from '../../../src/cli/crds.ts';
import { startControlPlane, type ControlPlane } from '../../control-plane/control-plane.ts';
import { installKinds } from '../../control-plane/kube-bed.ts';

/** A kind that nobody but the benchmark knows. */
const BARE = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'bares.bench.k8slab.io' },
  spec: {
    group: 'bench.k8slab.io',
    scope: 'Cluster',
    names: { kind: 'Bare', plural: 'bares' },
    versions: [
      {
        ...{ name: 'v1', served: true, storage: true },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** @param vmhosts their names: each has a user of its own, with the rights that the documents give it */
export async function startServer(vmhosts: readonly string[]): Promise<ControlPlane> {
  const users = Object.fromEntries(vmhosts.map((name) => [userOf(name), ['k8slab:vmhosts']]));
  const plane = await startControlPlane({ users });
  await plane.must(['apply', '-f', '-'], { input: JSON.stringify(BARE) });
  await installKinds(plane);
  await plane.must(['apply', '--server-side', '-f', '-'], { input: rbacManifests() });
  // kubectl waits until the API server is ready for them.
  await plane.must(['get', 'bares']);
  return plane;
}

export function userOf(vmhost: string): string {
  return `k8slab:vmhost:${vmhost}`;
}

/** What a control plane has used since it began. */
export interface ServerUsage {
  readonly apiserverCpu: number;
  readonly etcdCpu: number;
  readonly apiserverMiB: number;
  readonly etcdMiB: number;
  /** `VERB resource`, as the API server counts them. */
  readonly requests: Readonly<Record<string, number>>;
  readonly watchEvents: number;
  readonly watchMiB: number;
}

export async function usageOf(plane: ControlPlane): Promise<ServerUsage> {
  const text = await plane.must(['get', '--raw', '/metrics']);
  const [apiserver, etcd] = [processOf('apiserver', plane), processOf('etcd', plane)];
  return {
    ...{ apiserverCpu: apiserver.cpuSeconds, apiserverMiB: apiserver.residentMiB },
    ...{ etcdCpu: etcd.cpuSeconds, etcdMiB: etcd.residentMiB },
    requests: requestsIn(text),
    watchEvents: sumOf(text, /^apiserver_watch_events_total\{[^}]*group="k8slab\.io"/),
    watchMiB: sumOf(text, /^apiserver_watch_events_sizes_sum\{[^}]*group="k8slab\.io"/) / 2 ** 20,
  };
}

const TICKS = 100;

function processOf(
  name: 'apiserver' | 'etcd',
  plane: ControlPlane,
): { cpuSeconds: number; residentMiB: number } {
  const pid = plane.pids()[name];
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const rss = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS, residentMiB: Number(rss) / 1024 };
}

/** Those of clients; what the API server asks itself is left out where it says so. */
function requestsIn(text: string): Record<string, number> {
  const requests: Record<string, number> = {};
  for (const line of text.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    const resource = [label('resource'), label('subresource')].filter((part) => part !== '').join('/');
    const key = `${label('verb')} ${resource}`;
    requests[key] = (requests[key] ?? 0) + Number(line.slice(line.lastIndexOf(' ')));
  }
  return requests;
}

function sumOf(text: string, series: RegExp): number {
  return text
    .split('\n')
    .filter((line) => series.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
