import { stringify } from 'yaml';
import { crossCheck } from '../manifest/cross-check.ts';
import { formatError } from '../manifest/format.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { ManifestError, ParsedObject } from '../manifest/types.ts';
import { API_VERSION } from '../meta.ts';
import { networkManifest } from '../network/adopt-manifest.ts';
import { nodeManifest } from '../node/adopt-manifest.ts';
import { withConsequences } from './consequences.ts';
import { select } from './select.ts';
import { isManifest, isSkipped, type FoundManifest, type FoundWorld, type Skipped } from './world.ts';

export interface AdoptedFile {
  /** Such as `network-k8s-net.yaml`. */
  readonly name: string;
  readonly text: string;
}

export interface Adoption {
  readonly files: readonly AdoptedFile[];
  readonly skipped: readonly Skipped[];
}

/**
 * Manifests that take over what libvirt has, all of it or what `words` name, and change nothing.
 * @throws ReasonedError where a word means nothing that can be adopted
 */
export function adoptionManifests(world: FoundWorld, words: readonly string[]): Adoption {
  const selected = select(world, words);
  const networks = selected.networks.map((found) => networkManifest(found, world));
  const named = new Set(networks.filter(isManifest).map(({ name }) => name));
  const ours = world.networks.filter(
    ({ name, config }) => named.has(name) || config.model.mark !== undefined,
  );
  const models = new Map(ours.map(({ name, config }) => [name, config.model]));
  const all = [...networks, ...selected.domains.map((found) => nodeManifest(found, models))];
  const { sound, objects, unsound } = sift(all.filter(isManifest));
  return {
    files: withConsequences(sound, objects, world).map(toFile),
    skipped: [...selected.skipped, ...all.filter(isSkipped), ...unsound],
  };
}

interface Sifted {
  readonly sound: readonly FoundManifest[];
  readonly objects: readonly ParsedObject[];
  readonly unsound: readonly Skipped[];
}

/** Takes out what could not stand as a manifest, alone or beside the others, such as two domains with one disk. */
function sift(manifests: readonly FoundManifest[]): Sifted {
  const parsed = manifests.map((manifest) => ({
    manifest,
    ...parseManifest(whatOf(manifest), toText(manifest)),
  }));
  const objects = parsed.flatMap((each) => each.objects);
  const errors = [...parsed.flatMap((each) => each.errors), ...crossCheck(objects)];
  const wrong = new Map(errors.map((error) => [error.file, error]));
  return {
    sound: manifests.filter((manifest) => !wrong.has(whatOf(manifest))),
    objects: objects.filter(({ source }) => !wrong.has(source.file)),
    unsound: [...wrong].map(([what, error]) => ({ what, why: explain(error) })),
  };
}

function explain(error: ManifestError): string {
  return formatError({ ...error, file: '' }).replace(/^:\d+:\d+: /, '');
}

function whatOf({ kind, name }: FoundManifest): string {
  return `${kind === 'Network' ? 'network' : 'domain'}/${name}`;
}

function toFile(manifest: FoundManifest): AdoptedFile {
  const notes = manifest.notes.map((note) => `# ${note.replaceAll(/[\r\n]+/g, ' ')}\n`).join('');
  const name = `${manifest.kind.toLowerCase()}-${manifest.name}.yaml`;
  return { name, text: `${notes}${toText(manifest)}` };
}

function toText({ kind, name, spec }: FoundManifest): string {
  return stringify({ apiVersion: API_VERSION, kind, metadata: { name }, spec }, { lineWidth: 0 });
}
