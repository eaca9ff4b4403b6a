import { explainError } from '../errors.ts';
import type { Kinds } from '../kinds/kinds.ts';
import { KINDS } from '../kinds/list.ts';
import { refName, type ObjectRef } from '../meta.ts';
import { byErrorPlace, crossCheck, manifold } from './cross-check.ts';
import { parseSteps } from './parse.ts';
import type { Share } from '../placement/share.ts';
import type { FieldPath } from './path.ts';
import { positionOf } from './places.ts';
import { danglingReferences } from './references.ts';
import { runSteps, type Steps } from './steps.ts';
import type { CrossError, ManifestError, ManifestWarning, ParsedObject } from './types.ts';

/**
 * A manifest file; or why it could not be read, so that its last good content stays in force: one that is unreadable is
 * not gone; or that it was just written, or has just vanished, so that its content does not count yet.
 */
export type ManifestFile = { readonly path: string } & (
  { readonly text: string } | { readonly error: Error } | { readonly unsettled: true }
);

/** All manifest files that there are: an empty listing means that there are none, not that they could not be read. */
export interface ManifestListing {
  readonly files: readonly ManifestFile[];
}

export interface FileRecord {
  /** The text that was read last, good or not; absent while the file cannot be read. */
  readonly text?: string;
  /** The objects that stand for the file: of its last text without errors, where there has been one. */
  readonly objects: readonly ParsedObject[];
  /** What is wrong with the file now. */
  readonly errors: readonly ManifestError[];
  /** Whether the file has been without errors since k8slab knows it. */
  readonly wasGood: boolean;
  /** Whether it may name objects that nobody can read: broken YAML, or a document without a kind or a name. */
  readonly opaque: boolean;
}

export interface Snapshot {
  readonly files: ReadonlyMap<string, FileRecord>;
  /** One object per kind and name, sorted by file and line. Condemned ones are among them. */
  readonly objects: readonly ParsedObject[];
  /** All errors, those within files and those between objects, in the order of files and lines. */
  readonly errors: readonly ManifestError[];
  /** References to objects that no file has. They may come later. */
  readonly warnings: readonly ManifestWarning[];
  /** `Kind/name` -> why nothing may be done for the object; the error's own place names the object. */
  readonly condemned: ReadonlyMap<string, readonly CrossError[]>;
  /**
   * `Kind/name` -> what is wrong with the text of its manifest, so that what stands is an older one, or nothing.
   * Such an object has a manifest: it is not to be removed.
   */
  readonly invalid: ReadonlyMap<string, readonly ManifestError[]>;
  /**
   * Files that may name any object, since they cannot be read. While there are any, an object that no manifest names is
   * not known to be gone: remove nothing.
   */
  readonly opaque: readonly string[];
  /** What of it is for this vmhost, where several share the objects; undefined: all. */
  readonly share?: SnapshotShare;
}

export interface SnapshotShare extends Share {
  /** `Kind/name` -> why an object is left alone: it uses what this vmhost lets none use. */
  readonly refused: ReadonlyMap<string, string>;
  /** `Kind/name` -> fields of it that only a newer release knows, such as `spec.disk.encryption`. */
  readonly ignored: ReadonlyMap<string, readonly string[]>;
}

/** Before the first listing. */
export const emptySnapshot: Snapshot = {
  files: new Map(),
  objects: [],
  errors: [],
  warnings: [],
  condemned: new Map(),
  invalid: new Map(),
  opaque: [],
};

/**
 * The state after a complete listing. A file with errors keeps the objects of its last good text, and so does one that
 * is unreadable or empty (an editor may be about to write it); unchanged text is not parsed again; the objects of files
 * that are gone are gone. Of two objects of one kind and name the one that was there before stays, else the first by
 * file and line. Where no listing can be had, keep the previous snapshot.
 */
export function nextSnapshot(previous: Snapshot, listing: ManifestListing, kinds: Kinds = KINDS): Snapshot {
  return runSteps(snapshotSteps(previous, listing, kinds));
}

/** `nextSnapshot`, in steps of a few milliseconds for each thousand objects. */
export function* snapshotSteps(
  previous: Snapshot,
  listing: ManifestListing,
  kinds: Kinds = KINDS,
): Steps<Snapshot> {
  const files = new Map<string, FileRecord>();
  for (const file of listing.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    files.set(file.path, yield* nextRecord(previous.files.get(file.path), file, kinds));
    yield;
  }
  // Listings come each minute, and mostly say what the last one said.
  if (isSame(previous.files, files)) return previous;
  return yield* assembled(files, previous.objects, kinds);
}

/**
 * What manifests and others beside them would be together: an object that both have is that of `files`, whatever their files
 * are called.
 */
export function* besideSteps(
  others: Snapshot,
  listing: ManifestListing,
  kinds: Kinds = KINDS,
): Steps<Snapshot> {
  const fresh = yield* snapshotSteps(emptySnapshot, listing, kinds);
  const named = namedObjects(fresh);
  const kept = [...others.files].map(([path, record]): [string, FileRecord] => [
    // As no path is written, so that both files of one name stay.
    `${path}\0`,
    {
      ...record,
      objects: record.objects.filter((object) => !named.has(refName(object))),
      errors: record.errors.filter(({ object }) => object === undefined || !named.has(refName(object))),
    },
  ]);
  return yield* assembled(new Map([...kept, ...fresh.files]), [], kinds);
}

/** What files are together. */
function* assembled(
  files: ReadonlyMap<string, FileRecord>,
  before: readonly ParsedObject[],
  kinds: Kinds,
): Steps<Snapshot> {
  const records = [...files.values()];
  const all = records.flatMap(({ objects }) => objects);
  const crossErrors = crossCheck(all, kinds);
  yield;
  const errors = [...records.flatMap((record) => record.errors), ...crossErrors];
  return {
    files,
    objects: uniqueObjects(all, before),
    errors: errors.toSorted(byErrorPlace),
    warnings: danglingReferences(all, kinds),
    condemned: Map.groupBy(crossErrors, ({ object }) => refName(object)),
    invalid: invalidObjects(records),
    opaque: [...files].filter(([, { opaque }]) => opaque).map(([path]) => path),
  };
}

function isSame(before: Snapshot['files'], after: Snapshot['files']): boolean {
  return before.size === after.size && [...after].every(([path, record]) => before.get(path) === record);
}

/** Whether a manifest that could not be taken in may name it. */
export function mayName({ opaque, invalid }: Pick<Snapshot, 'opaque' | 'invalid'>, ref: string): boolean {
  return opaque.length > 0 || invalid.has(ref);
}

/** `Kind/name` of every object that has a manifest, be it a good one or not. */
export function namedObjects({
  objects,
  invalid,
}: Pick<Snapshot, 'objects' | 'invalid'>): ReadonlySet<string> {
  return new Set([...objects.map(refName), ...invalid.keys()]);
}

/** Where an object's manifest has a field, or the nearest one around it that it spells out: `nodes.yaml:12`. */
export function fieldPlace(
  { objects }: Pick<Snapshot, 'objects'>,
  ref: ObjectRef,
  path: FieldPath,
): string | undefined {
  const object = objects.find(({ kind, name }) => kind === ref.kind && name === ref.name);
  return object && `${object.source.file}:${positionOf(object, path).line}`;
}

/** Whether a file of this name is a manifest: YAML or JSON, and no editor's swap, backup or temporary file. */
export function isManifestFile(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return /^[^.#].*\.(yaml|yml|json)$/.test(base);
}

/** A file of which nothing is known but that it is there. */
const UNKNOWN: FileRecord = { objects: [], errors: [], wasGood: false, opaque: true };

function* nextRecord(previous: FileRecord | undefined, file: ManifestFile, kinds: Kinds): Steps<FileRecord> {
  if ('error' in file) return unreadRecord(previous, file);
  if ('unsettled' in file) return { ...unread(previous), opaque: true };
  const { text } = file;
  // A listing has the very text of a file that did not change, so that this compares no characters.
  if (previous?.text === text) return previous;
  const { objects, errors, opaque } = yield* parseSteps(file.path, text, kinds);
  const wasGood = errors.length === 0;
  const fresh = { text, objects, errors, wasGood, opaque };
  if (wasGood || previous === undefined) return fresh;
  return { ...fresh, objects: keptObjects(previous, fresh), wasGood: previous.wasGood };
}

function unreadRecord(
  previous: FileRecord | undefined,
  { path, error }: { readonly path: string; readonly error: Error },
): FileRecord {
  const message = `cannot read the file: ${explainError(error)}`;
  const errors: readonly ManifestError[] = [
    { file: path, line: 1, column: 1, path: '', code: 'UnreadableFile', message },
  ];
  return { ...unread(previous), errors, opaque: true };
}

/** What is known of a file whose text is not known now. */
function unread({ text: _, ...known }: FileRecord = UNKNOWN): FileRecord {
  return known;
}

/** The objects that stand for a file while its text has errors: those of its last good text, so that nothing is half applied. */
function keptObjects(previous: FileRecord, { objects, errors, opaque }: FileRecord): readonly ParsedObject[] {
  if (previous.wasGood) return previous.objects;
  const fresh = new Set(objects.map(refName));
  const broken = new Set(errors.flatMap(({ object }) => (object === undefined ? [] : refName(object))));
  const maybe = previous.objects.filter((object) => opaque || broken.has(refName(object)));
  return [...objects, ...maybe.filter((object) => !fresh.has(refName(object)))];
}

function invalidObjects(records: readonly FileRecord[]): ReadonlyMap<string, readonly ManifestError[]> {
  const found = new Map<string, readonly ManifestError[]>();
  for (const record of records) {
    for (const [ref, errors] of invalidIn(record)) {
      const before = found.get(ref);
      found.set(ref, before === undefined ? errors : [...before, ...errors]);
    }
  }
  return found;
}

/** An error that names no object may be in any of the file's; who has none of its own shares their list. */
function invalidIn({ objects, errors }: FileRecord): ReadonlyMap<string, readonly ManifestError[]> {
  const byRef = Map.groupBy(errors, ({ object }) => object && refName(object));
  const nameless = byRef.get(undefined) ?? [];
  const maybe = new Map(nameless.length === 0 ? [] : objects.map((object) => [refName(object), nameless]));
  const own = [...byRef].flatMap(([ref, named]) => {
    if (ref === undefined) return [];
    return [[ref, maybe.has(ref) ? [...nameless, ...named].toSorted(byErrorPlace) : named] as const];
  });
  return new Map([...maybe, ...own]);
}

function uniqueObjects(
  all: readonly ParsedObject[],
  previous: readonly ParsedObject[],
): readonly ParsedObject[] {
  if (manifold(all).size === 0) return all;
  const before = new Map(previous.map((object) => [refName(object), object]));
  return [...Map.groupBy(all, refName)].flatMap(([ref, versions]) => {
    const known = before.get(ref);
    const inPlace = versions.filter(({ source }) => source.file === known?.source.file);
    return inPlace.find(({ hash }) => hash === known?.hash) ?? inPlace[0] ?? versions[0] ?? [];
  });
}
