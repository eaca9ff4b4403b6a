import type { ApiObject, ServedObject } from '../meta.ts';

/**
 * The object as the API shows it, so that it can be applied again and changes nothing. Of an adopted object the spec
 * has only what its manifest names: a default spelled out would be an order to change what was taken over.
 */
export function served({ apiVersion, kind, metadata, spec, status, origin }: ApiObject): ServedObject {
  const shown = origin?.named === undefined ? spec : pick(spec, '', new Set(origin.named));
  return { apiVersion, kind, metadata, spec: shown, status };
}

function pick(value: unknown, path: string, named: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).flatMap(([key, child]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const isMapping = typeof child === 'object' && child !== null && !Array.isArray(child);
    if (!isMapping) return named.has(at) ? [[key, child] as const] : [];
    const kept = pick(child, at, named) as object;
    return Object.keys(kept).length === 0 ? [] : [[key, kept] as const];
  });
  return Object.fromEntries(entries);
}
