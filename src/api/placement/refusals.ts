import type { Kinds } from '../kinds/kinds.ts';
import type { Privilege } from '../kinds/privileges.ts';
import { formatPath } from '../manifest/path.ts';
import type { ParsedObject } from '../manifest/types.ts';
import { refName } from '../meta.ts';

/** `Kind/name` -> why the object is left alone: it uses what this vmhost does not let objects of an API server use. */
export function refusalsOf(
  objects: readonly ParsedObject[],
  { kinds, allow }: { readonly kinds: Kinds; readonly allow: readonly Privilege[] },
): ReadonlyMap<string, string> {
  const allowed = new Set<Privilege>(allow);
  const refused = objects.flatMap((object): [string, string][] => {
    const needed = kinds.manifest(object.kind)?.manifest.privileges?.(object.spec) ?? [];
    const missing = needed.filter(({ privilege }) => !allowed.has(privilege));
    if (missing.length === 0) return [];
    const fields = missing.map(({ path }) => formatPath(path)).join(', ');
    const names = [...new Set(missing.map(({ privilege }) => privilege))].join(', ');
    const why = `this vmhost lets no object of the API server use ${fields}; its k8slabd.yaml may: source.allow: [${names}]`;
    return [[refName(object), why]];
  });
  return new Map(refused);
}
