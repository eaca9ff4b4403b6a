import { z } from 'zod';
import { API_VERSION } from '../../../src/api/meta.ts';
import type { KubeDraft } from '../../../src/drivers/kube.ts';
import { createTransport, type Transport } from '../../../src/drivers/kube/transport.ts';
import type { ControlPlane } from '../../control-plane/control-plane.ts';
import { IN_FRONT, type Fleet } from './fleet.ts';
import { now, type Called } from './messages.ts';
import { pinnedNode, placedNode, vmhostName } from './objects.ts';
import type { Observer } from './observer.ts';

/** Milliseconds, one a try. */
export interface Latencies {
  /** From asking for a bare object to the moment when a watch tells of it. */
  readonly bare: readonly number[];
  /** From asking for a Node to the first call that changes libvirt on its vmhost. */
  readonly pinned: readonly number[];
  readonly placed: readonly number[];
  /** The same, to the definition of its domain. */
  readonly pinnedDefined: readonly number[];
  readonly placedDefined: readonly number[];
  /** The same with kubectl, from its start: `apply` and `wait` of a bare object, and `apply` of a Node that is pinned. */
  readonly kubectlBare: readonly number[];
  readonly kubectlNode: readonly number[];
}

export interface LatencyDeps {
  readonly plane: ControlPlane;
  readonly fleet: Fleet;
  readonly observer: Observer;
  readonly tries: number;
  /** Before each try. */
  readonly next: () => void;
  /** Resolves once what the last try has set off has ended. */
  readonly untilQuiet: () => Promise<void>;
}

/** Of a vmhost whose daemon has a machine to itself, as far as that can be played. */
const FRONT = { front: 'true' };
const BARES = '/apis/bench.k8slab.io/v1/bares';

export async function measureLatencies(deps: LatencyDeps): Promise<Latencies> {
  const { plane, fleet, tries, next, untilQuiet } = deps;
  const transport = createTransport({ kubeconfig: plane.kubeconfig() });
  const calls: Called[] = [];
  await fleet.favourFirst();
  const telling = await fleet.calls((called) => calls.push(called));
  const bares = await watchBares(transport);
  const found = { bare: [], pinned: [], placed: [], kubectlBare: [], kubectlNode: [] } as Record<
    string,
    number[]
  >;
  const defined = { pinned: [], placed: [] } as Record<string, number[]>;
  async function one(kind: 'pinned' | 'placed', draft: KubeDraft): Promise<void> {
    const { first, domain } = await timeNode(deps, calls, draft, () => createBy(transport, draft));
    found[kind]?.push(first);
    defined[kind]?.push(domain);
  }
  for (let at = 0; at < tries; at += 1) {
    next();
    await untilQuiet();
    found['bare']?.push(await timeBare(transport, bares, `bare-${at}`));
    await one('pinned', pinnedNode(`pinned-${at}`, vmhostName(at % IN_FRONT), at));
    await one('placed', placedNode(`placed-${at}`, 0, FRONT));
  }
  for (let at = tries; at < 2 * tries; at += 1) {
    next();
    await untilQuiet();
    found['kubectlBare']?.push(await timeKubectlBare(plane, `bare-${at}`));
    const draft = pinnedNode(`pinned-${at}`, vmhostName(at % IN_FRONT), at);
    const { first } = await timeNode(deps, calls, draft, () =>
      applyBy(plane, { apiVersion: API_VERSION, ...draft }),
    );
    found['kubectlNode']?.push(first);
  }
  await telling.end();
  await transport.dispose();
  return {
    ...(found as unknown as Latencies),
    ...{ pinnedDefined: defined['pinned'] ?? [], placedDefined: defined['placed'] ?? [] },
  };
}

async function timeNode(
  { observer, untilQuiet }: LatencyDeps,
  calls: Called[],
  { metadata: { name } }: KubeDraft,
  make: () => Promise<unknown>,
): Promise<{ first: number; domain: number }> {
  await untilQuiet();
  calls.length = 0;
  const began = now();
  await make();
  await observer.untilNode(name);
  const { vmhost } = observer.objects('Node').get(name)?.status as { vmhost: string };
  const there = calls.filter((each) => each.vmhost === vmhost);
  const domain = there.find(({ call, about }) => call === 'defineDomain' && about === name);
  return { first: (there[0]?.at ?? NaN) - began, domain: (domain?.at ?? NaN) - began };
}

function createBy(transport: Transport, draft: KubeDraft): Promise<unknown> {
  const path = `/apis/${API_VERSION}/nodes`;
  return transport.request({ ...CREATE, path, body: { apiVersion: API_VERSION, ...draft } });
}

const CREATE = { verb: 'create', kind: 'Node', what: 'create an object' } as const;

async function applyBy(plane: ControlPlane, object: object): Promise<void> {
  await plane.must(['apply', '-f', '-'], { input: JSON.stringify(object) });
}

function bare(name: string): object {
  return { apiVersion: 'bench.k8slab.io/v1', kind: 'Bare', metadata: { name } };
}

async function timeBare(transport: Transport, bares: Bares, name: string): Promise<number> {
  const seen = bares.until(name);
  const began = now();
  await transport.request({ ...CREATE, path: BARES, body: bare(name) });
  return (await seen) - began;
}

async function timeKubectlBare(plane: ControlPlane, name: string): Promise<number> {
  const began = now();
  await applyBy(plane, bare(name));
  await plane.must(['wait', '--for=create', `bare/${name}`, '--timeout=30s']);
  return now() - began;
}

interface Bares {
  /** When the watch told of it. */
  until(name: string): Promise<number>;
}

const Told = z.object({ object: z.object({ metadata: z.object({ name: z.string() }) }) });

async function watchBares(transport: Transport): Promise<Bares> {
  const waiting = new Map<string, (at: number) => void>();
  const chunks = await transport.stream({
    ...{ verb: 'watch', kind: 'Bare', what: 'watch bares', path: BARES, query: { watch: 'true' } },
  });
  async function follow(): Promise<void> {
    for await (const chunk of chunks) {
      const at = now();
      for (const line of chunk.split('\n').filter((each) => each !== ''))
        waiting.get(Told.parse(JSON.parse(line)).object.metadata.name)?.(at);
    }
  }
  // It ends with its transport.
  follow().catch(() => undefined);
  return { until: (name) => new Promise((resolve) => waiting.set(name, resolve)) };
}
