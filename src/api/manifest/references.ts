import type { Kinds } from '../kinds/kinds.ts';
import { refName } from '../meta.ts';
import { nearest } from '../nearest.ts';
import { refOf } from './clash.ts';
import { formatPath } from './path.ts';
import { positionOf } from './places.ts';
import type { ManifestWarning, ParsedObject, Reference } from './types.ts';

/** References to what none of the objects is. They are no errors: what they name may come later. */
export function danglingReferences(
  objects: readonly ParsedObject[],
  kinds: Kinds,
): readonly ManifestWarning[] {
  const known = { objects: new Set(objects.map(refName)), roles: rolesOf(objects) };
  return objects.flatMap((object) =>
    (kinds.manifest(object.kind)?.manifest.references?.(object.spec) ?? [])
      .filter((reference) => !isKnown(known, reference))
      .map((reference) => warning(object, reference, objects)),
  );
}

interface Known {
  readonly objects: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
}

function rolesOf(objects: readonly ParsedObject[]): ReadonlySet<string> {
  const nodes = objects.filter((object) => object.kind === 'Node');
  return new Set(nodes.flatMap(({ spec }) => spec.role ?? []));
}

function isKnown({ objects, roles }: Known, { kind, name }: Reference): boolean {
  return kind === 'role' ? roles.has(name) : objects.has(refName({ kind, name }));
}

function warning(
  object: ParsedObject,
  { path, kind, name }: Reference,
  objects: readonly ParsedObject[],
): ManifestWarning {
  const candidates =
    kind === 'role'
      ? [...rolesOf(objects)]
      : objects.filter((each) => each.kind === kind).map((each) => each.name);
  const near = nearest(name, candidates);
  return {
    file: object.source.file,
    ...positionOf(object, path),
    path: formatPath(path),
    code: 'UnknownReference',
    message:
      kind === 'role'
        ? `no manifest of a Node has the role "${name}"`
        : `no manifest has the ${kind} "${name}"`,
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
    object: refOf(object),
  };
}
