import assert from 'node:assert/strict';
import { KINDS } from '../../../src/api/kinds/list.ts';
import { createPower } from '../../../src/controllers/node/power.ts';
import { silentLogger } from '../../../src/engine/logger.ts';
import { createPackageUpdates } from '../../../src/controllers/node/package-updates.ts';
import { createApi, type HttpDeps } from '../../../src/daemon/http/api.ts';
import { createEvents } from '../../../src/engine/events.ts';
import { createMetrics } from '../../../src/engine/metrics.ts';
import { createBed, type Bed } from '../../controllers/bed.ts';
import { fakePackages } from '../../controllers/haproxy-fakes.ts';

export const BASE = '/apis/k8slab.io/v1alpha1';

export interface ApiBed {
  readonly bed: Bed;
  readonly deps: HttpDeps;
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
  readonly json: (path: string, accept?: string) => Promise<Record<string, unknown>>;
  /** The lines of a watch, as they come. */
  readonly watch: (path: string, accept?: string) => Promise<WatchLines>;
  readonly label: (name: string, labels: Record<string, string>) => void;
  readonly touch: (name: string, times?: number) => void;
}

export interface WatchLines {
  /** Waits until there are so many lines that were not taken yet; undefined stands for the end. */
  take(count: number): Promise<Line[]>;
  cancel(): Promise<void>;
}

export interface Line {
  readonly type: string;
  readonly object: {
    readonly kind: string;
    readonly metadata: {
      readonly name: string;
      readonly resourceVersion: string;
      readonly annotations?: unknown;
    };
    readonly [field: string]: unknown;
  };
}

/** The API over objects in memory: the Nodes named. */
export function createApiBed(...nodes: readonly string[]): ApiBed {
  const bed = createBed();
  bed.apply('Network', 'k8s-net');
  for (const name of nodes) bed.apply('Node', name);
  const { clock, store } = bed;
  const deps: HttpDeps = {
    kinds: KINDS,
    store,
    events: createEvents({ clock }),
    metrics: createMetrics({ version: '0' }),
    removals: { held: () => [], confirm: () => undefined, waiting: () => undefined },
    health: { unready: () => [], unhealthy: () => [] },
    manifestErrors: () => [],
    exported: () => ({ items: [], notes: [], allow: [] }),
    plan: () => Promise.resolve([]),
    power: createPower({ ...bed, log: silentLogger(), enqueue: () => undefined }),
    powerPlace: () => undefined,
    kubeconfig: () => undefined,
    clock,
    updates: createPackageUpdates({ store, packages: fakePackages(bed.world), clock }),
    onError: (where, error) => assert.fail(`${where}: ${error.message}`),
  };
  const api = createApi(deps);
  const headersOf = (accept?: string): Record<string, string> => (accept === undefined ? {} : { accept });
  return {
    bed,
    deps,
    request: async (path, init) => api.request(path, init),
    json: async (path, accept) => (await api.request(path, { headers: headersOf(accept) })).json() as never,
    async watch(path, accept) {
      return linesOf(await api.request(path, { headers: headersOf(accept) }));
    },
    label(name, labels) {
      const { spec } = bed.object('Node', name);
      store.apply('Node', { name, labels, spec, hash: 'x' });
    },
    touch(name, times = 1) {
      for (let left = times; left > 0; left -= 1) {
        const { metadata, status } = bed.object('Node', name);
        const state = status.state === 'running' ? 'paused' : 'running';
        store.updateStatus('Node', name, metadata.uid, { ...status, state });
      }
    },
  };
}

function linesOf(response: Response): WatchLines {
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream(), { preventCancel: false }).getReader();
  let rest = '';
  const lines: Line[] = [];
  return {
    async take(count) {
      while (lines.length < count) {
        const { done, value } = await reader.read();
        if (done) break;
        const parts = (rest + value).split('\n');
        rest = parts.pop() ?? '';
        lines.push(...parts.map((part) => JSON.parse(part) as Line));
      }
      return lines.splice(0, count);
    },
    cancel: () => reader.cancel(),
  };
}
