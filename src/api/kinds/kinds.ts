import type { Kind, ManifestKind } from '../meta.ts';
import type { KindDefinition, KindNames, ManifestDefinition } from './define.ts';
import { indexWords } from './words.ts';

/** A kind that manifests have. */
export type ManifestKindDefinition = KindDefinition & {
  readonly kind: ManifestKind;
  readonly manifest: ManifestDefinition;
};

/** The kinds that a k8slab knows, to be looked up by what names them. */
export interface Kinds {
  /** In the order in which they depend on each other. */
  readonly all: readonly KindDefinition[];
  readonly manifests: readonly ManifestKindDefinition[];
  get(kind: Kind): KindDefinition;
  /** Undefined for what is no kind that manifests have. */
  manifest(kind: unknown): ManifestKindDefinition | undefined;
  /** The kind that a word of the command line means, in any case: `node`, `nodes`, `kn`, `no`, `nodes.k8slab.io`. */
  resolve(word: string): KindDefinition | undefined;
  /** Every word that `resolve` knows. */
  readonly words: readonly string[];
}

export function indexKinds(all: readonly KindDefinition[]): Kinds {
  const byKind = new Map<string, KindDefinition>(all.map((definition) => [definition.kind, definition]));
  const manifests = all.filter(isManifestKind);
  const byManifest = new Map<unknown, ManifestKindDefinition>(manifests.map((each) => [each.kind, each]));
  const index = indexWords(all.map(namesOf));
  return {
    all,
    manifests,
    get(kind) {
      const found = byKind.get(kind);
      if (found === undefined) throw new Error(`there is no kind ${kind}`);
      return found;
    },
    manifest: (kind) => byManifest.get(kind),
    resolve(word) {
      const found = index.resolve(word);
      return found === undefined ? undefined : byKind.get(found.kind);
    },
    words: index.words,
  };
}

export function namesOf({ kind, shortNames, aliases }: KindDefinition): KindNames {
  const singular = kind.toLowerCase();
  return { kind, singular, plural: `${singular}s`, shortNames, aliases };
}

function isManifestKind(definition: KindDefinition): definition is ManifestKindDefinition {
  return definition.manifest !== undefined;
}
