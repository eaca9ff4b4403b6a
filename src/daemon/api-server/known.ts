import { ReasonedError } from '../../api/errors.ts';
import type { Kind } from '../../api/meta.ts';
import type { KubeObject, KubeWatch } from '../../drivers/kube.ts';

/** What an API server has, or had when it was last heard of. */
export type KnownObjects = (kind: Kind) => ReadonlyMap<string, KubeObject>;

export interface KnownDeps {
  readonly watch: Pick<KubeWatch, 'objects' | 'synced' | 'problem'>;
  /** What an earlier run of this vmhost knew. */
  readonly remembered: KnownObjects | undefined;
  /** Why nothing may be done by what is known; undefined: it may. */
  readonly refusal: () => ReasonedError | undefined;
}

/**
 * What is known now. What an earlier run knew stands in for a server that was not heard of in this one, and is told once:
 * after that whoever asks is told what keeps the server from being heard.
 * @throws ReasonedError why nothing new is known, or nothing may be done by it
 */
export function createKnown({ watch, remembered, refusal }: KnownDeps): () => KnownObjects {
  let old = remembered;
  return () => {
    const problem = watch.problem();
    if (watch.synced() && problem === undefined) {
      const refused = refusal();
      if (refused !== undefined) throw refused;
      old = undefined;
      return (kind) => watch.objects(kind);
    }
    const told = old;
    old = undefined;
    if (told !== undefined && !watch.synced()) return told;
    throw (
      problem ??
      new ReasonedError('Unreachable', 'cannot list the objects of the API server: it was not heard of yet')
    );
  };
}

/**
 * What is known, however old it is, to look at and not to act on.
 * @returns undefined: nothing, or it is not this vmhost's to know
 */
export function lastKnown({ watch, remembered, refusal }: KnownDeps): KnownObjects | undefined {
  if (!watch.synced()) return remembered;
  return refusal() === undefined ? (kind) => watch.objects(kind) : undefined;
}
