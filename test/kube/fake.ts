import { ReasonedError } from '../../src/api/errors.ts';
import type { ObjectRef } from '../../src/api/meta.ts';
import { appliedStatus } from '../../src/drivers/kube/client.ts';
import type { Kube, KubeEvent, KubeEventTarget } from '../../src/drivers/kube.ts';
import { createLeases } from './leases.ts';
import { createObjects, type Objects } from './objects.ts';
import { createWatches, type ComesBack } from './watches.ts';

/** A call of a client, before it has any effect or after it had. */
export interface FakeCall {
  readonly client: string;
  readonly verb: 'get' | 'create' | 'patch' | 'delete' | 'apply-status' | 'finalizer' | 'lease' | 'event';
  readonly kind: string;
  readonly name: string;
}

export interface FakeApiServerOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Asked before each call: it may take its time, and what it throws the caller gets, without any effect. */
  readonly before?: (call: FakeCall) => void | Promise<void>;
  /** Asked once the call had its effect: what it throws is an answer that was lost. */
  readonly after?: (call: FakeCall) => void | Promise<void>;
}

/** An API server in memory, for any number of clients. What people do with kubectl is done at once. */
export interface FakeApiServer extends Omit<Objects, 'revision'> {
  client(name: string): Kube;
  /** While it is away each call fails as Unreachable, and watches are told of nothing. They list once it is back, unless told how. */
  away(isAway: boolean, comesBack?: ComesBack): void;
  dropLease(name: string): void;
  /** What watches of this client are told waits until it is let through. */
  hold(client: string, isHeld: boolean): void;
  readonly events: readonly (KubeEvent & { readonly about: KubeEventTarget })[];
  /** Each call that there was, failed ones included. */
  readonly calls: readonly FakeCall[];
}

export function createFakeApiServer(options: FakeApiServerOptions = {}): FakeApiServer {
  const { now = () => 0, before, after } = options;
  const objects = createObjects(now);
  const leases = createLeases(() => objects.revision());
  const watches = createWatches(objects);
  const events: (KubeEvent & { about: KubeEventTarget })[] = [];
  const calls: FakeCall[] = [];
  let gone = false;

  async function during<T>(call: FakeCall, effect: () => T): Promise<T> {
    calls.push(call);
    await before?.(call);
    if (gone) throw unreachable(call);
    const result = structuredClone(effect());
    await after?.(call);
    return result;
  }

  function writeEvent(about: KubeEventTarget, event: KubeEvent): void {
    const at = events.findIndex(
      (old) => old.about.metadata.name === about.metadata.name && isSame(old, event),
    );
    events.splice(at === -1 ? events.length : at, 1, { ...event, about });
  }

  function client(name: string): Kube {
    function on<T>(verb: FakeCall['verb'], ref: ObjectRef, effect: () => T): Promise<T> {
      return during({ client: name, verb, kind: ref.kind, name: ref.name }, effect);
    }
    function onLease<T>(lease: string, effect: () => T): Promise<T> {
      return during({ client: name, verb: 'lease', kind: 'Lease', name: lease }, effect);
    }
    const own = new Set<{ dispose(): void }>();
    return {
      watch(listener, signal) {
        const watch = watches.open(name, listener);
        own.add(watch);
        signal?.addEventListener('abort', () => watch.dispose(), { once: true });
        return watch;
      },
      get: (ref) => on('get', ref, () => objects.get(ref)),
      create: (draft) =>
        on('create', { kind: draft.kind, name: draft.metadata.name }, () => objects.create(draft)),
      patch: (ref, patch) => on('patch', ref, () => objects.patch(ref, patch)),
      remove: (ref) => on('delete', ref, () => objects.remove(ref)),
      applyStatus: (ref, status, how) =>
        on('apply-status', ref, () => objects.applyStatus(ref, appliedStatus(status), how)),
      setFinalizer: (ref, finalizer, present) =>
        on('finalizer', ref, () => objects.setFinalizer(ref, finalizer, present)),
      lease: {
        list: () => onLease('', () => leases.list()),
        get: (lease) => onLease(lease, () => leases.get(lease)),
        create: (lease, spec) => onLease(lease, () => leases.create(lease, spec)),
        update: (lease, spec, version) => onLease(lease, () => leases.update(lease, spec, version)),
      },
      event: (about, event) =>
        on('event', { kind: about.kind, name: about.metadata.name }, () => writeEvent(about, event)),
      dispose() {
        for (const watch of own) watch.dispose();
        return Promise.resolve();
      },
    };
  }

  return {
    ...objects,
    client,
    away(isAway, comesBack) {
      gone = isAway;
      watches.away(isAway, comesBack);
    },
    dropLease: (name) => leases.drop(name),
    hold: (name, isHeld) => watches.hold(name, isHeld),
    events,
    calls,
  };
}

function isSame(a: KubeEvent, b: KubeEvent): boolean {
  return a.reason === b.reason && a.message === b.message && a.firstTimestamp === b.firstTimestamp;
}

function unreachable({ verb, kind, name }: FakeCall): ReasonedError {
  return new ReasonedError('Unreachable', `cannot ${verb} ${kind} "${name}": the API server is away`);
}
