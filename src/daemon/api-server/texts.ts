import type { Kinds } from '../../api/kinds/kinds.ts';
import type { ManifestFile } from '../../api/manifest/snapshot.ts';
import { objectWord, refName } from '../../api/meta.ts';
import { manifestText, type Given, type GivenAddress } from '../../api/placement/filled.ts';
import type { KubeObject } from '../../drivers/kube.ts';
import type { Known } from './snapshot.ts';

interface Told {
  readonly object: KubeObject;
  readonly given: GivenTo;
  readonly file: { readonly path: string; readonly text: string };
  readonly ignored: readonly string[];
}

export interface Texts {
  readonly files: readonly ManifestFile[];
  /** `Kind/name` -> fields that are left out of the text, since only a newer release knows them. */
  readonly ignored: ReadonlyMap<string, readonly string[]>;
}

type GivenTo = ReadonlyMap<string, GivenAddress> | undefined;

/** The manifests of objects, each a file of its own. An object of which nothing has changed is not written out again, and a text that says what it said is the very same one. */
export function createTexts(kinds: Kinds): (known: readonly Known[], given: Given) => Texts {
  let before = new Map<string, Told>();
  return (known, given) => {
    const told = new Map<string, Told>();
    const left = new Map<string, readonly string[]>();
    for (const { kind, name, object } of known) {
      const path = objectWord({ kind, name });
      const givenTo = kind === 'Node' ? given.get(name) : undefined;
      const last = before.get(path);
      const isSame = last?.object === object && isSameGiven(last.given, givenTo);
      const { text, ignored } = isSame
        ? { text: last.file.text, ignored: last.ignored }
        : manifestText(kinds, { kind, object, given });
      const file = last?.file.text === text ? last.file : { path, text };
      told.set(path, { object, given: givenTo, file, ignored });
      if (ignored.length > 0) left.set(refName({ kind, name }), ignored);
    }
    before = told;
    return { files: Array.from(told.values(), ({ file }) => file), ignored: left };
  };
}

function isSameGiven(a: GivenTo, b: GivenTo): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.size !== b.size) return false;
  for (const [network, { address, podCIDR }] of a) {
    const other = b.get(network);
    if (other?.address !== address || other.podCIDR !== podCIDR) return false;
  }
  return true;
}
