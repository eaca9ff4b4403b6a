import { findCondition, READY, SYNCED } from '../api/conditions.ts';
import { isElsewhere, objectWord, type AnyObject } from '../api/meta.ts';
import { ownVmhost, type ObjectStore } from '../controllers/objects.ts';
import type { Controller } from '../engine/controller.ts';
import type { Manifests } from './manifests.ts';
import type { Removals } from './removals.ts';

export interface HealthDeps {
  readonly store: ObjectStore;
  readonly manifests: Pick<Manifests, 'snapshot' | 'problem' | 'loaded' | 'subscribe'>;
  readonly removals: Pick<Removals, 'surveyed' | 'waiting' | 'held' | 'subscribe'>;
  /** Empty until they were started. */
  readonly controllers: () => readonly Pick<Controller, 'problem'>[];
}

export interface NotReady {
  readonly name: string;
  readonly why: string;
}

/** How the daemon itself is, for systemd, for probes and for `--once`. */
export interface Health {
  /** What only a restart of the daemon mends; empty: it works. */
  unhealthy(): readonly string[];
  /** What keeps it from doing its work for now; empty: ready. */
  unready(): readonly string[];
  /** Objects, files and steps that are not as they should be. */
  notReady(): readonly NotReady[];
  /** Whether `notReady` is empty: what is asked after each change of a lab must not look at all of it. */
  allReady(): boolean;
  /** One line: how many objects are Ready, and what keeps it from its work. */
  summary(): string;
  /** Calls `listener` when any of this may be another. @returns unsubscribe */
  subscribe(listener: () => void): () => void;
}

export function createHealth(deps: HealthDeps): Health {
  const { store, manifests, removals, controllers } = deps;
  const ready = countReady(store);
  const notReady = (): NotReady[] => [...notReadyItself(deps), ...notReadyObjects(deps)];
  return {
    unhealthy: () => controllers().flatMap((controller) => controller.problem() ?? []),
    unready: () => unready(deps),
    notReady,
    allReady() {
      const { ready: count, all } = ready();
      return count === all && notReady().length === 0;
    },
    summary: () => summary(deps, ready()),
    subscribe(listener) {
      const unsubscribe = [store, removals, manifests].map((each) => each.subscribe(listener));
      return () => unsubscribe.forEach((each) => each());
    },
  };
}

/** Why a look at the vmhost fails when libvirt does not answer. */
const SILENT: ReadonlySet<string> = new Set(['LibvirtUnreachable', 'DeadlineExceeded', 'VirshMissing']);

function unready({ store, manifests }: HealthDeps): string[] {
  const problem = manifests.problem();
  const unread = problem ?? (manifests.loaded() ? [] : 'the manifests are being read');
  // The vmhost is looked at whenever the connection to libvirt ends, and fails with what libvirt says.
  const unreachable = [ownVmhost(store) ?? []].flat().flatMap(({ status }) => {
    const synced = findCondition(status.conditions, SYNCED);
    return synced?.status === 'False' && SILENT.has(synced.reason) ? synced.message : [];
  });
  return [unread, unreachable].flat();
}

interface Count {
  readonly ready: number;
  readonly all: number;
  /** Those that are not Ready, each with why, by their words. */
  readonly waiting: ReadonlyMap<string, string>;
}

/** Counted as objects change: a line for systemd after each change must not look at all of them. */
function countReady(store: ObjectStore): () => Count {
  const known = new Set<string>();
  const waiting = new Map<string, string>();
  function note(object: AnyObject, gone = false): void {
    if (isElsewhere(object)) return;
    const { kind, metadata, status } = object;
    const word = objectWord({ kind, name: metadata.name });
    if (gone) known.delete(word);
    else known.add(word);
    const ready = findCondition(status.conditions, READY);
    if (gone || ready?.status === 'True') waiting.delete(word);
    else waiting.set(word, ready?.reason ?? 'NotLookedAt');
  }
  for (const object of store.all()) note(object);
  store.subscribe(({ type, object }) => note(object, type === 'DELETED'));
  return () => ({ ready: known.size - waiting.size, all: known.size, waiting });
}

/** So many of those that wait are named. */
const NAMED = 3;

function waits({ waiting }: Count): string[] {
  if (waiting.size === 0) return [];
  const named = [...waiting.entries().take(NAMED)].map(([word, why]) => `${word} ${why}`);
  const more = waiting.size > NAMED ? ` and ${waiting.size - NAMED} more` : '';
  return [`not Ready: ${named.join(', ')}${more}`];
}

function held({ removals }: HealthDeps): string[] {
  const count = removals.held().length;
  return count === 0 ? [] : [`${count} ${count === 1 ? 'removal waits' : 'removals wait'} to be confirmed`];
}

function summary(deps: HealthDeps, count: Count): string {
  const { ready, all } = count;
  const broken = new Set(deps.manifests.snapshot().errors.map(({ file }) => file)).size;
  const files = broken === 0 ? [] : [`${broken} ${broken === 1 ? 'manifest has' : 'manifests have'} errors`];
  // What keeps all of them from their work is told in place of their names.
  const stopped = unready(deps);
  const why = stopped.length > 0 ? stopped : waits(count);
  return [`${ready} of ${all} objects Ready`, ...files, ...held(deps), ...why].join('; ');
}

function notReadyItself({ manifests, removals }: HealthDeps): NotReady[] {
  const errors = manifests.snapshot().errors.map(({ file, message }) => ({ name: file, why: message }));
  const problem = manifests.problem();
  if (problem !== undefined) errors.push({ name: 'the manifests', why: problem });
  // While a manifest cannot be read, nobody looks: it may name what an earlier run made.
  if (manifests.loaded() && manifests.snapshot().opaque.length === 0 && !removals.surveyed())
    errors.push({ name: 'libvirt', why: 'not looked for what an earlier run made yet' });
  return errors;
}

function notReadyObjects({ store, removals }: HealthDeps): NotReady[] {
  const here = store.all().filter((object) => !isElsewhere(object));
  return here.flatMap(({ kind, metadata, status }) => {
    const ready = findCondition(status.conditions, READY);
    const held = removals.waiting(kind, metadata.name);
    if (ready?.status === 'True' && held === undefined) return [];
    return [
      { name: `${kind}/${metadata.name}`, why: held?.message ?? ready?.message ?? 'not looked at yet' },
    ];
  });
}
