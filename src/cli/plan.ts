import { objectWord } from '../api/meta.ts';
import { ReasonedError } from '../api/errors.ts';
import { formatError } from '../api/manifest/format.ts';
import { emptySnapshot, nextSnapshot } from '../api/manifest/snapshot.ts';
import type { PlannedObject, PlannedStep } from '../api/disruption/action.ts';
import type { ManifestTrouble } from '../api/manifest/notes.ts';
import type { Client } from './client.ts';
import { readManifests } from './manifest-files.ts';
import { alignColumns } from './print-table.ts';

export interface PlanAnswer {
  readonly items: readonly PlannedObject[];
  /** What is wrong with the manifests that the daemon watches. */
  readonly manifests?: readonly ManifestTrouble[];
}

/** Asks the daemon what it would do: now, with the manifests at `paths` besides, or with these alone. */
export async function fetchPlan(
  client: Client,
  paths: readonly string[],
  { only = false }: { readonly only?: boolean } = {},
): Promise<PlanAnswer> {
  if (paths.length === 0 && only)
    throw new ReasonedError('BadArgument', 'cannot plan for no manifests at all: name some beside --only');
  if (paths.length === 0) return (await client.get('plan')) as PlanAnswer;
  const files = await readManifests(paths);
  const { errors } = nextSnapshot(emptySnapshot, { files });
  if (errors.length > 0) {
    const hint = 'k8slab validate shows them one by one';
    throw new ReasonedError('InvalidManifests', `cannot plan: ${errors.map(formatError).join('; ')}`, {
      hint,
    });
  }
  return (await client.post('plan', { files, ...(only ? { only } : {}) })) as PlanAnswer;
}

/** 0: nothing to do, 2: changes, 1: an object could not be planned, or a manifest is not valid. */
export function planExitCode({ items, manifests = [] }: PlanAnswer): 0 | 1 | 2 {
  if (manifests.length > 0 || items.some(({ error }) => error !== undefined)) return 1;
  return items.some(({ actions, later }) => actions.length > 0 || (later ?? []).length > 0) ? 2 : 0;
}

/** A line per step: what it is done to, what it costs the guests, and why; and what waits or goes without. */
export function printPlan({ items, manifests = [] }: PlanAnswer): string {
  const rows = [...items.flatMap(planRows), ...manifests.map(troubleRow)];
  const table =
    rows.length === 0
      ? ''
      : `${alignColumns([['OBJECT', 'ACTION', 'DISRUPTION', 'GUESTS', 'REASON'], ...rows])}\n`;
  return `${table}${summary(items, manifests.length)}\n`;
}

function summary(items: readonly PlannedObject[], invalid: number): string {
  const steps = items.reduce((sum, { actions, later = [] }) => sum + actions.length + later.length, 0);
  const held = items.filter(({ waiting, pending }) => waiting !== undefined || pending !== undefined).length;
  const failed = items.filter(({ error }) => error !== undefined).length;
  const idle = held === 0 ? 'Nothing to do' : 'No action now';
  return [
    steps === 0 ? idle : count(steps, 'action', 'actions'),
    ...(held === 0 ? [] : [count(held, 'object waits', 'objects wait')]),
    ...(failed === 0 ? [] : [`${count(failed, 'object', 'objects')} could not be planned`]),
    ...(invalid === 0 ? [] : [count(invalid, 'manifest error', 'manifest errors')]),
  ].join(', ');
}

function count(number: number, one: string, several: string): string {
  return `${number} ${number === 1 ? one : several}`;
}

function planRows(item: PlannedObject): string[][] {
  const object = objectWord(item);
  const { waiting, error, later = [], pending = [] } = item;
  const after = waiting === undefined ? '' : `, after ${waiting.reason}`;
  const told = pending.filter(({ message }) => message !== waiting?.message);
  return [
    ...item.actions.map((step) => stepRow(object, step, '')),
    ...(waiting === undefined ? [] : [noteRow(object, '<waits>', `${waiting.reason}: ${waiting.message}`)]),
    ...told.map(({ type, message }) => noteRow(object, '<pending>', `${type}: ${message}`)),
    ...later.map((step) => stepRow(object, step, after)),
    ...(error === undefined ? [] : [noteRow(object, '<error>', error)]),
  ];
}

/** What no manifest can be read of is not planned: the last good manifest was. */
function troubleRow({ file, object, why }: ManifestTrouble): string[] {
  return noteRow(object === undefined ? file : objectWord(object), '<invalid>', why);
}

function noteRow(object: string, what: string, text: string): string[] {
  return [object, what, '-', '-', text];
}

/** Such as `node/a  DefineDomain  none  -  the definition differs in memory (memory: 1Gi -> 2Gi)`. */
function stepRow(object: string, step: PlannedStep, after: string): string[] {
  const { type, disruption, reason, seconds, guests = [], changes = [] } = step;
  const values = changes.map(({ field, from, to }) => `${field}: ${from} -> ${to}`).join(', ');
  const why = values === '' ? reason : `${reason} (${values})`;
  const felt = seconds === undefined ? disruption : `${disruption}(~${seconds}s)`;
  return [object, type, felt, guests.length === 0 ? '-' : guests.join(','), `${why}${after}`];
}
