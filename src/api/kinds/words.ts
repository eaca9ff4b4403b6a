import { API_GROUP } from '../meta.ts';
import type { KindNames } from './define.ts';

/** Kinds by the words that name them on the command line. */
export interface KindWords {
  /** In any case: `node`, `nodes`, `kn`, `no`, `nodes.k8slab.io`. */
  resolve(word: string): KindNames | undefined;
  /** Every word that `resolve` knows. */
  readonly words: readonly string[];
}

export function indexWords(kinds: readonly KindNames[]): KindWords {
  const byWord = new Map(
    kinds.flatMap((names) =>
      [names.singular, names.plural, ...names.shortNames, ...names.aliases].map(
        (word) => [word, names] as const,
      ),
    ),
  );
  return {
    resolve(word) {
      const plain = word.toLowerCase();
      return byWord.get(plain.endsWith(`.${API_GROUP}`) ? plain.slice(0, -API_GROUP.length - 1) : plain);
    },
    words: [...byWord.keys()],
  };
}
