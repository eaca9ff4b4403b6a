import { condition, MANIFEST_INVALID, MANIFESTS_INVALID, MANIFESTS_UNREAD } from '../conditions.ts';
import { parseRef, refName, type ConditionInput, type ObjectRef } from '../meta.ts';
import { formatError } from './format.ts';
import { version } from '../version.ts';
import type { Snapshot } from './snapshot.ts';
import type { ManifestError } from './types.ts';

const MAX_SHOWN = 3;

/**
 * What an object's conditions say of its manifest, and the Vmhost's of all of them.
 * @param problem what keeps the manifests from being read
 */
export function manifestNotes(
  snapshot: Pick<Snapshot, 'errors' | 'invalid' | 'opaque' | 'share'>,
  problem: string | undefined,
  ref: ObjectRef,
): readonly ConditionInput[] {
  if (ref.kind === 'Vmhost') return [...unread(problem), ...invalidFiles(snapshot)];
  return [...invalidManifest(snapshot.invalid.get(refName(ref))), ...newerFields(ignoredIn(snapshot, ref))];
}

function invalidManifest(errors: readonly ManifestError[] | undefined): readonly ConditionInput[] {
  if (errors === undefined) return [];
  const message = `${shortened(errors)}; until this is mended, the last good manifest stands`;
  return [condition(MANIFEST_INVALID, 'True', errors[0]?.code ?? 'InvalidValue', message)];
}

function newerFields(fields: readonly string[]): readonly ConditionInput[] {
  if (fields.length === 0) return [];
  const shown = firstOf(fields, ', ', (field) => field);
  const message = `k8slabd ${version} does not know ${shown}, and goes by the rest: upgrade k8slab on this vmhost`;
  return [condition('FieldsIgnored', 'True', 'NewerRelease', message)];
}

function ignoredIn({ share }: Pick<Snapshot, 'share'>, ref: ObjectRef): readonly string[] {
  return share?.ignored.get(refName(ref)) ?? [];
}

/** An error of a manifest as the API tells it. */
export interface ManifestTrouble {
  readonly file: string;
  /** With place, field and hint. */
  readonly why: string;
  /** The object it is in, where that could be read. */
  readonly object?: ObjectRef;
}

export function manifestTrouble(error: ManifestError): ManifestTrouble {
  const { file, object } = error;
  return { file, why: formatError(error), ...(object === undefined ? {} : { object }) };
}

/** Objects of whose manifests there is something else to say than before. */
export function notedAnew(
  before: Pick<Snapshot, 'invalid' | 'share'>,
  after: Pick<Snapshot, 'invalid' | 'share'>,
): readonly ObjectRef[] {
  const all = [before, after];
  const refs = new Set(
    all.flatMap(({ invalid, share }) => [...invalid.keys(), ...(share?.ignored.keys() ?? [])]),
  );
  return [...refs].map(parseRef).filter((ref) => {
    const [old, now] = all.map((each) => noteOf(each, ref));
    return old !== now;
  });
}

function noteOf(snapshot: Pick<Snapshot, 'invalid' | 'share'>, ref: ObjectRef): string {
  return `${shortened(snapshot.invalid.get(refName(ref)) ?? [])} ${ignoredIn(snapshot, ref).join()}`;
}

/** Whether the Vmhost has something else to say of all manifests than before. */
export function filesNotedAnew(before: Noted, after: Noted): boolean {
  return invalidFiles(before)[0]?.message !== invalidFiles(after)[0]?.message;
}

type Noted = Pick<Snapshot, 'errors' | 'opaque'>;

function unread(problem: string | undefined): readonly ConditionInput[] {
  return problem === undefined ? [] : [condition(MANIFESTS_UNREAD, 'True', 'CannotRead', problem)];
}

function invalidFiles({ errors, opaque }: Noted): readonly ConditionInput[] {
  if (errors.length === 0 && opaque.length === 0) return [];
  const held =
    opaque.length === 0
      ? ''
      : `; nothing is removed while this cannot be read: ${firstOf(opaque, ', ', (path) => path)}`;
  return [condition(MANIFESTS_INVALID, 'True', 'ManifestErrors', `${shortened(errors)}${held}`)];
}

function shortened(errors: readonly ManifestError[]): string {
  return firstOf(errors, '; ', formatError);
}

/** A file has a thousand errors at most, and each object of it is told of them: only what is shown is put in words. */
function firstOf<T>(items: readonly T[], separator: string, text: (item: T) => string): string {
  const more = items.length > MAX_SHOWN ? `${separator}and ${items.length - MAX_SHOWN} more` : '';
  return `${items.slice(0, MAX_SHOWN).map(text).join(separator)}${more}`;
}
