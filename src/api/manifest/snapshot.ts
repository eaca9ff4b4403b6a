import { createHash } from 'node:crypto';
import { explainError } from '../errors.ts';
import type { Kinds } from '../kinds/kinds.ts';
import { KINDS } from '../kinds/list.ts';
import { refName } from '../meta.ts';
import { sameRef } from './clash.ts';
import { byErrorPlace, crossCheck } from './cross-check.ts';
import { parseManifest } from './parse.ts';
import type { CrossError, ManifestError, ParsedObject } from './types.ts';

/** A manifest file, or why it could not be read: one that is there but unreadable is not one that is gone. */
export type ManifestFile = { readonly path: string } & (
  { readonly text: string } | { readonly error: Error }
);

/** All manifest files that there are: an empty listing means that there are none, not that they could not be read. */
export interface ManifestListing {
  readonly files: readonly ManifestFile[];
}

export interface FileRecord {
  /** SHA-256 of the text that was read last, good or not; empty while the file cannot be read. */
  readonly hash: string;
  /** The objects that stand for the file: of its last text without errors, where there has been one. */
  readonly objects: readonly ParsedObject[];
  /** What is wrong with the file now. */
  readonly errors: readonly ManifestError[];
  /** Whether the file has been without errors since k8slab knows it. If not, it may mean objects nobody knows of. */
  readonly wasGood: boolean;
}

export interface Snapshot {
  readonly files: ReadonlyMap<string, FileRecord>;
  /** One object per kind and name, sorted by file and line. Condemned ones are among them. */
  readonly objects: readonly ParsedObject[];
  /** All errors, those within files and those between objects, in the order of files and lines. */
  readonly errors: readonly ManifestError[];
  /** `Kind/name` -> why nothing may be done for the object; the error's own place names the object. */
  readonly condemned: ReadonlyMap<string, readonly CrossError[]>;
  /**
   * Whether every file was without errors once. While it is false, an object that no manifest names is not known to
   * be gone: remove nothing.
   */
  readonly complete: boolean;
}

/** Before the first listing: nothing is known, so nothing is complete. */
export const emptySnapshot: Snapshot = {
  files: new Map(),
  objects: [],
  errors: [],
  condemned: new Map(),
  complete: false,
};

/**
 * The state after a complete listing. A file with errors keeps the objects of its last good text, and so does one that
 * is unreadable or empty (an editor may be about to write it); unchanged text is not parsed again; the objects of files
 * that are gone are gone. Of two objects of one kind and name the one that was there before stays, else the first by
 * file and line. Where no listing can be had, keep the previous snapshot.
 */
export function nextSnapshot(previous: Snapshot, listing: ManifestListing, kinds: Kinds = KINDS): Snapshot {
  const files = new Map(
    listing.files
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .map((file) => [file.path, nextRecord(previous.files.get(file.path), file, kinds)]),
  );
  const all = [...files.values()].flatMap(({ objects }) => objects);
  const crossErrors = crossCheck(all, kinds);
  const errors = [...[...files.values()].flatMap((record) => record.errors), ...crossErrors];
  return {
    files,
    objects: uniqueObjects(all, previous.objects),
    errors: errors.toSorted(byErrorPlace),
    condemned: Map.groupBy(crossErrors, ({ object }) => refName(object)),
    complete: [...files.values()].every(({ wasGood }) => wasGood),
  };
}

/** Whether a file of this name is a manifest: YAML or JSON, and no editor's swap, backup or temporary file. */
export function isManifestFile(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return /^[^.#].*\.(yaml|yml|json)$/.test(base);
}

function nextRecord(previous: FileRecord | undefined, file: ManifestFile, kinds: Kinds): FileRecord {
  if ('error' in file) return unreadRecord(previous, file);
  const hash = createHash('sha256').update(file.text).digest('hex');
  if (previous?.hash === hash) return previous;
  const { objects, errors } = parseManifest(file.path, file.text, kinds);
  if (errors.length === 0) return { hash, objects, errors, wasGood: true };
  if (previous === undefined) return { hash, objects, errors, wasGood: false };
  const kept = previous.wasGood ? previous.objects : merge(objects, previous.objects);
  return { hash, objects: kept, errors, wasGood: previous.wasGood };
}

function unreadRecord(
  previous: FileRecord | undefined,
  { path, error }: { readonly path: string; readonly error: Error },
): FileRecord {
  const message = `cannot read the file: ${explainError(error)}`;
  const errors: readonly ManifestError[] = [
    { file: path, line: 1, column: 1, path: '', code: 'UnreadableFile', message },
  ];
  return { objects: [], wasGood: false, ...previous, hash: '', errors };
}

function merge(fresh: readonly ParsedObject[], old: readonly ParsedObject[]): readonly ParsedObject[] {
  return [...fresh, ...old.filter((object) => !fresh.some((other) => sameRef(object, other)))];
}

function uniqueObjects(
  all: readonly ParsedObject[],
  previous: readonly ParsedObject[],
): readonly ParsedObject[] {
  const before = new Map(previous.map((object) => [refName(object), object]));
  return [...Map.groupBy(all, refName)].flatMap(([ref, versions]) => {
    const known = before.get(ref);
    const inPlace = versions.filter(({ source }) => source.file === known?.source.file);
    return inPlace.find(({ hash }) => hash === known?.hash) ?? inPlace[0] ?? versions[0] ?? [];
  });
}
